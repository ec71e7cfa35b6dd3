# Copyright (C) 2026 paylock contributors
#
# nginx, Redis and paylock-admin as the tests start them: in a private
# directory, stopped by pid, and checked for what they leave behind.

import functools
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import secrets
import signal
import socket
import subprocess
import time

import pytest
import redis as redis_py

ROOT = pathlib.Path(__file__).resolve().parents[2]

# with sanitizers: "make test-asan"
ASAN = "PAYLOCK_TEST_ASAN" in os.environ
BUILD = ROOT / "build/asan" if ASAN else ROOT / "build"

NGINX = os.environ.get("PAYLOCK_TEST_NGINX",
                       str(BUILD / "nginx") if ASAN else "/usr/sbin/nginx")
REDIS = os.environ.get("PAYLOCK_TEST_REDIS", "/usr/bin/redis-server")
CHECK_AOF = pathlib.Path(REDIS).with_name(
    pathlib.Path(REDIS).name.replace("server", "check-aof"))
CLI = BUILD / "paylock-admin"

# "builtin": nginx was built by --add-module, and there is no file to load
MODULE = os.environ.get("PAYLOCK_TEST_MODULE",
                        BUILD / "ngx_http_paylock_module.so")
BUILTIN = MODULE == "builtin"
MODULE = None if BUILTIN else pathlib.Path(MODULE)
LOAD = () if BUILTIN else (MODULE,)

# Nginx started as root drops its workers' privileges to this user
WORKER = "www-data"

# the users of Redis as the documentation has them: Nginx is the first, Admin
# the second, or the third for what only reads; the default user is the tests'
NGINX_USER, OP_USER, ARCHIVE_USER, AUDIT_USER = (
    "paylock-nginx", "paylock-op", "paylock-archive",
    "paylock-audit")
RIGHTS = re.findall(r"(?m)^ACL SETUSER (.+)$",
                    (ROOT / "docs/redis.md").read_text())
PASSWORDS = {user: secrets.token_hex(16)
             for user in (NGINX_USER, OP_USER, ARCHIVE_USER, AUDIT_USER)}


# how long to wait for what comes at once on an idle machine, in seconds: this
# one may be at other work as well

PATIENCE = 120


def wait_for(what, check, timeout=PATIENCE, pause=None):
    """Calls check until it returns something true, and returns that.  The
    longer it takes, the longer the pauses.  Only these count: where the checks
    take long, the machine is busy, and what they wait for takes longer, too."""
    waited = 0
    while not (result := check()):
        if waited > timeout:
            raise TimeoutError(f"{what}: not within {timeout} s")
        rest = pause or min(0.01 + waited / 50, 0.05)
        time.sleep(rest)
        waited += rest
    return result


def promised(seconds):
    """The timeout for what is promised within so many seconds, on a machine
    where more than one process waits for each processor."""
    return seconds * max(1, os.getloadavg()[0] / os.cpu_count())


@functools.cache
def built():
    """What nginx tells of itself: version and configure arguments."""
    return subprocess.run([NGINX, "-V"], text=True, capture_output=True,
                          check=True).stderr


def no_resolver():
    """Angie has one by itself, of /etc/resolv.conf; Tengine as well, and it
    cannot be turned off."""
    if "Tengine" in built():
        pytest.skip("there is always a resolver")
    return "resolver off;" if "Angie" in built() else ""


def at_least(version):
    """Is it nginx of this version or a newer one?  Forks name that of the
    nginx they come from, if not as their own."""
    named = re.findall(r"nginx/([\d.]+)", built())
    return not named or numbers(named[-1]) >= numbers(version)


def numbers(version):
    return [int(n) for n in version.split(".")]


def compilers():
    """The compilers that built the module, from the marks they leave in it."""
    return sorted({found.decode() for found in re.findall(
        rb"GCC: [ -~]+|clang version [ -~]+", MODULE.read_bytes())})


@functools.cache
def own_ports():
    """A hundred ports below the ephemeral ones, over and over.  They are this
    process's as long as it holds a socket of that name, and no other run of
    the tests picks them between free_port() and the bind() of a server."""
    while True:
        first = random.randrange(10000, 32000, 100)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0paylock-test-ports-{first}")
            return claim, itertools.cycle(range(first, first + 100))
        except OSError:
            claim.close()


def free_port():
    """A port that nobody listens on."""
    _, ports = own_ports()
    for port in ports:
        with socket.socket() as s:
            # a server that ended leaves connections that linger for a minute
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def acl(line):
    """A line of RIGHTS with the user's password."""
    password = PASSWORDS[line.split()[0]].encode()
    assert line.count("#SHA256") == 1
    return line.replace("SHA256", hashlib.sha256(password).hexdigest())


def password_file(directory, user):
    path = pathlib.Path(directory) / f"{user}.password"
    if not path.exists():
        path.touch(0o600)
        path.write_text(PASSWORDS[user] + "\n")
    return path


def sanitizers(directory):
    """The environment that makes sanitizers write their reports into the
    directory."""
    if not ASAN:
        return {}
    reports = pathlib.Path(directory) / "reports"
    reports.mkdir(exist_ok=True)
    reports.chmod(0o777)
    path = f"log_path={reports}/sanitizer"
    # nginx's pools are never freed when it exits, what it loads defines some
    # names twice, and faketime is loaded before all others
    return {"ASAN_OPTIONS": f"{path}:detect_leaks=0:detect_odr_violation=0"
                            ":verify_asan_link_order=0",
            "UBSAN_OPTIONS": f"{path}:print_stacktrace=1"}


def sanitizers_found(directory):
    return "\n".join(path.read_text(errors="replace")[:3000]
                     for path in pathlib.Path(directory).rglob(
                         "reports/sanitizer*"))


class Process:
    """A daemon in a session of its own, so that what it forks is found."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def spawn(self, argv, **kw):
        out = open(self.dir / f"{type(self).__name__.lower()}.out", "ab")
        # pytest may be killed: what it started goes with it
        argv = ["setpriv", "--pdeathsig", "TERM", *argv]
        env = {**kw.pop("env", os.environ), **sanitizers(self.dir)}
        with out:
            self.process = subprocess.Popen(
                [str(arg) for arg in argv], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True,
                env=env, **kw)

    def output(self):
        path = self.dir / f"{type(self).__name__.lower()}.out"
        return path.read_text(errors="replace") if path.exists() else ""

    def family(self):
        """The pids of the daemon's session, without zombies."""
        pids = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            # the command in brackets may hold anything
            state, _, _, session = stat.rpartition(")")[2].split()[:4]
            if int(session) == self.pid and state != "Z":
                pids.append(int(entry))
        return pids

    def end(self, sig, timeout=PATIENCE, again=False):
        """Ends the daemon; if it does not end, it is killed and the test
        fails. again: send the signal more than once, as nginx can miss one
        between looking for signals and epoll_wait()."""
        if self.process is None:
            return

        told = -1

        def ended():
            nonlocal told
            now = time.monotonic()
            if self.running() and (told < 0 or again and now > told + 0.3):
                os.kill(self.pid, sig)
                told = now
            return not self.running()

        try:
            wait_for("the end", ended, timeout)
            wait_for("processes left", lambda: not self.family(), 20)
        except TimeoutError:
            left = self.family()
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            self.process.wait(PATIENCE)
            raise AssertionError(
                f"{type(self).__name__} did not end, left: {left}\n"
                + self.output()[-2000:]) from None


class Redis(Process):
    """redis-server on a unix socket; with port=N on TCP as well."""

    def __init__(self, directory, **conf):
        super().__init__(directory)
        self.socket = str(self.dir / "redis.sock")
        self.url = f"unix:{self.socket}"
        # every write is in the file before it is answered: kill() loses none
        self.conf = {"port": 0, "save": "", "appendonly": "yes",
                     "appendfsync": "no", "bind": "127.0.0.1",
                     **{k.replace("_", "-"): v for k, v in conf.items()}}

    @property
    def port(self):
        return int(self.conf["port"])

    @property
    def users(self):
        """Does it have the users of docs/redis.md?  Some tests make their own,
        or set a password for the default user."""
        return not {"requirepass", "aclfile"} & set(self.conf)

    def start(self):
        conf = self.dir / "redis.conf"
        conf.touch(0o600)
        conf.write_text("".join(f"user {acl(line)}\n" for line in RIGHTS
                                if self.users))
        argv = [REDIS, conf, "--dir", self.dir, "--unixsocket", self.socket,
                "--unixsocketperm", "777", "--daemonize", "no"]
        for name, value in self.conf.items():
            argv += [f"--{name}", value]
        self.spawn(argv)
        wait_for("Redis to answer", self.answers)
        return self

    def answers(self):
        assert self.running(), "Redis did not start:\n" + self.output()
        try:
            with self.client() as client:
                return client.ping()
        except redis_py.BusyLoadingError:
            return False
        except redis_py.AuthenticationError:
            return True
        except redis_py.ConnectionError:
            return False

    def client(self, user=None, **kw):
        if user:
            kw.update(username=user, password=PASSWORDS[user])
        kw.setdefault("password", self.conf.get("requirepass"))
        kw.setdefault("decode_responses", True)
        return redis_py.Redis(unix_socket_path=self.socket, **kw)

    def allow(self, prefix):
        """Gives the users their rights under another key prefix; * is any."""
        with self.client() as client:
            for line in RIGHTS:
                line = acl(line).replace("{paylock}:", prefix)
                client.execute_command("ACL", "SETUSER", *line.split())

    def stop(self):
        if self.running():
            self.resume()
        # one that is writing its first AOF does not leave
        self.end(signal.SIGTERM, again=True)

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.mend()

    def mend(self):
        """Cuts off what is left of a transaction: see docs/operations.md."""
        manifest = self.dir / "appendonlydir/appendonly.aof.manifest"
        if manifest.exists():
            subprocess.run([CHECK_AOF, "--fix", manifest], input="y\n",
                           text=True, stdout=subprocess.DEVNULL, check=True)

    def discard(self):
        """Kills it with its children: nobody needs what they would leave."""
        if self.running():
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait(PATIENCE)

    def pause(self):
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)


class Response:
    def __init__(self, status, reason, headers, body):
        self.status = status
        self.reason = reason
        self.headers = headers          # an email.message.Message
        self.body = body

    @property
    def text(self):
        return self.body.decode()

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:200]!r}>"


CONF = """
daemon off;
{user}
{load}
pid nginx.pid;
lock_file nginx.lock;
worker_processes {workers};
worker_shutdown_timeout 5s;
error_log error.log {log_level};
{main}

events {{
    worker_connections 512;
    {events}
}}

http {{
    access_log off;
    client_body_temp_path tmp/body;
    proxy_temp_path tmp/proxy;
    fastcgi_temp_path tmp/fastcgi;
    uwsgi_temp_path tmp/uwsgi;
    scgi_temp_path tmp/scgi;
    {paylock}
    {http}
}}
"""

# Nginx.state() asks here: the gate's word on any name, whatever the servers
# of the test do

CONTROL = """
    server {{
        listen unix:{socket};
        paylock on;
        paylock_default open;
        paylock_status 503;
        location / {{
            return 200 "$paylock_state";
        }}
    }}
"""


class Nginx(Process):
    """
    nginx with the module.  In http, @PORT@ stands for the port, @DIR@ for
    the private directory; where no "listen" is in it, every server block
    gets "listen 127.0.0.1:@PORT@;".
    """

    def __init__(self, directory, http="", redis=None, *, workers=2,
                 load=LOAD, main="", events="", options="", control=True,
                 log_level="info", under=(), usual_state=False):
        super().__init__(directory)
        self.dir.mkdir(exist_ok=True)
        self.dir.chmod(0o755)
        (self.dir / "tmp").mkdir(exist_ok=True)
        self.http = http
        self.redis = redis
        self.port = None
        self.control = str(self.dir / "control.sock") if control else None
        self.allowed = []
        self.settings = {
            "load": "\n".join(f"load_module {so};" for so in load),
            "workers": workers, "events": events,
            # for a binary that takes the place of this one
            "main": main + "\nenv ASAN_OPTIONS;\nenv UBSAN_OPTIONS;" * ASAN,
            "user": f"user {WORKER};" if os.geteuid() == 0 else "",
            "log_level": log_level}
        self.options = options          # of paylock_redis, behind the URL
        self.under = under              # a command that runs nginx
        self.usual_state = usual_state  # where nginx has it by itself

    def configuration(self, http):
        if "listen" not in http:
            http = re.sub(r"\bserver\s*\{",
                          "server { listen 127.0.0.1:@PORT@;", http)
        http = (http.replace("@PORT@", str(self.port))
                .replace("@DIR@", str(self.dir)))
        # Tengine's own pages name the request and the time
        paylock = "server_info off;" if "Tengine" in built() else ""
        if self.redis is not None:
            paylock += f"paylock_redis {self.redis.url} {self.login()};"
        if self.control is not None:
            paylock += CONTROL.format(socket=self.control)
        # never in nginx's own place, and nothing is known at a start
        if (BUILTIN or "paylock" in self.settings["load"]) \
                and not self.usual_state \
                and not re.search(r"(?<![$\w])paylock_state ", http):
            paylock += "paylock_state off;"
        return CONF.format(http=http, paylock=paylock, **self.settings)

    def login(self):
        if not getattr(self.redis, "users", False) \
                or "password_file=" in self.options:
            return self.options
        secret = password_file(self.dir, NGINX_USER)
        return f"username={NGINX_USER} password_file={secret} {self.options}"

    def write(self, http=None):
        """Puts another http block in the place of the present one."""
        if http is not None:
            self.http = http
        self.put(self.configuration(self.http))

    def put(self, text):
        """Makes that nginx.conf, at once: nginx may still be at a reload that
        was asked for before."""
        conf = self.dir / "nginx.conf.new"
        conf.write_text(text)
        conf.rename(self.dir / "nginx.conf")

    def argv(self, conf, log="error.log"):
        argv = [NGINX, "-p", f"{self.dir}/", "-c", conf]
        return argv + ["-e", log] if at_least("1.19.5") else argv

    def start(self):
        self.port = free_port()
        self.write()
        self.spawn([*self.under, *self.argv("nginx.conf")])
        wait_for("nginx to listen", self.listens)
        return self

    def listens(self):
        assert self.running(), "nginx did not start:\n" + self.output()
        if not (self.dir / "nginx.pid").exists():
            return False
        return self.all_there() or "master_process off" in self.settings["main"]

    def all_there(self):
        """All workers, if none is still to come."""
        pids = self.workers()
        return pids if len(pids) >= self.settings["workers"] else []

    def test(self, http):
        """Runs nginx -t with this http block.  Line numbers in its errors are
        those of nginx-test.conf."""
        self.port = self.port or free_port()
        conf = self.dir / "nginx-test.conf"
        conf.write_text(self.configuration(http).replace(
            "error_log error.log", "error_log test.log"))
        return subprocess.run(
            [*self.under, *self.argv(conf.name, log="test.log"), "-t"],
            text=True, errors="replace", capture_output=True,
            timeout=PATIENCE, env={**os.environ, **sanitizers(self.dir)})

    def reload(self, http=None, wait=True):
        """SIGHUP; waits until new workers serve and the old ones leave."""
        old = set(self.workers())
        self.write(http)
        os.kill(self.pid, signal.SIGHUP)
        if wait:
            wait_for("the reload", lambda: (new := self.all_there())
                     and not old & set(new))

    def stop(self):
        try:
            self.end(signal.SIGQUIT, again=bool(self.under))
        finally:
            self.check_log()

    def workers(self):
        """The pids of the workers that take connections, lowest first."""
        pids = []
        for pid in self.family():
            try:
                title = pathlib.Path("/proc", str(pid), "cmdline").read_bytes()
            except OSError:
                continue
            # it is not at the beginning where a loader was named
            if re.search(rb"(^|\0)(nginx|angie): worker process", title) \
                    and b"shutting down" not in title:
                pids.append(pid)
        return sorted(pids)

    def error_log(self):
        path = self.dir / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def allow(self, regex):
        """Announces lines of level alert, crit or emerg as expected."""
        self.allowed.append(re.compile(regex))

    def check_log(self):
        bad = [line for line in self.error_log().splitlines()
               if re.search(r"\[(alert|crit|emerg)\]", line)
               and not any(regex.search(line) for regex in self.allowed)]
        assert not bad, (f"{len(bad)} unannounced in error.log:\n"
                         + "\n".join(bad[:20]))

    # requests

    def connect(self, timeout=PATIENCE):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def get(self, path="/", host=None, method="GET", headers=(), body=None,
            address=None, timeout=PATIENCE):
        """One request on a connection of its own."""
        if address is None:
            address = ("127.0.0.1", self.port)
        conn = http.client.HTTPConnection("127.0.0.1", timeout=timeout)
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        conn.sock = socket.socket(family)
        try:
            conn.sock.settimeout(timeout)
            conn.sock.connect(address)
            conn.putrequest(method, path, skip_host=True,
                            skip_accept_encoding=True)
            if host is not None:
                conn.putheader("Host", host)
            for name, value in dict(headers).items():
                conn.putheader(name, value)
            if body is not None:
                conn.putheader("Content-Length", str(len(body)))
            conn.putheader("Connection", "close")
            conn.endheaders(body)
            reply = conn.getresponse()
            return Response(reply.status, reply.reason, reply.headers,
                            reply.read())
        finally:
            conn.close()

    def raw(self, data, timeout=PATIENCE):
        """Sends bytes and returns all that comes until nginx closes."""
        with self.connect(timeout) as s:
            s.sendall(data)
            got = b""
            while True:
                try:
                    part = s.recv(65536)
                except ConnectionResetError:
                    return got
                if not part:
                    return got
                got += part

    def state(self, host):
        """$paylock_state for a name, whatever the servers of the test do."""
        reply = self.get("/", host=host, address=self.control)
        if reply.headers["X-Paylock"] is not None:
            return reply.headers["X-Paylock"]
        return reply.text

    def wait_state(self, host, state, timeout=PATIENCE):
        wait_for(f"{host} to be {state}",
                 lambda: self.state(host) == state, timeout)

    def wait_live(self, redis=None, timeout=PATIENCE):
        """Waits until the feed follows the stream of Redis."""
        with (redis or self.redis).client() as client:
            wait_for("the feed to follow", lambda: any(
                c["cmd"] == "xread" and "b" in c["flags"]
                for c in client.client_list()), timeout)


class Admin:
    """build/paylock-admin, with a home of its own."""

    READS = {"status", "list", "audit"}

    def __init__(self, redis, directory):
        self.redis = redis
        self.home = pathlib.Path(directory)
        self.home.mkdir(exist_ok=True)
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                    "HOME": str(self.home), "USER": "tester",
                    "XDG_STATE_HOME": str(self.home / "state"),
                    "XDG_CONFIG_HOME": str(self.home / "config"),
                    **self.login(OP_USER), **sanitizers(self.home)}

    def argv(self, *args):
        return [str(CLI), "--redis", self.redis.url, *map(str, args)]

    def login(self, user):
        if not getattr(self.redis, "users", False):
            return {}
        return {"PAYLOCK_USERNAME": user,
                "PAYLOCK_PASSWORD_FILE": str(password_file(self.home, user))}

    def __call__(self, *args, check=True, input=None, env=None,
                 timeout=PATIENCE):
        reader = {}
        if "archive" in args:
            reader = self.login(ARCHIVE_USER)
        elif self.READS.intersection(args):
            reader = self.login(AUDIT_USER)
        done = subprocess.run(
            self.argv(*args), text=True, capture_output=True,
            input=input if input is not None else "",
            env={**self.env, **reader, **(env or {})}, cwd=self.home,
            timeout=timeout)
        if check:
            assert done.returncode == 0, \
                f"paylock-admin {args}: {done.returncode}\n{done.stderr}"
        return done

    def json(self, *args, **kw):
        """The command's output with --json: a list where it is lines."""
        out = self("--json", *args, **kw).stdout
        if args[0] in ("list", "audit", "nodes"):
            return [json.loads(line) for line in out.splitlines()]
        return json.loads(out)
