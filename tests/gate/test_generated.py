# Copyright (C) 2026 paylock contributors
#
# Generated servers, records and requests: nginx and oracle/hosts.py
# agree.  PAYLOCK_FUZZ_SECONDS is how long it runs, PAYLOCK_TEST_SEED repeats a
# run.

import os
import random
import re
import socket
import time

from oracle import model
from oracle.hosts import Judge, Server, can_have_record, choose, parse
from support.chain import Chain
from support.gate import H2, text

SECONDS = int(os.environ.get("PAYLOCK_FUZZ_SECONDS", "5"))

# of one nginx
GROUPS = 25                             # addresses, each with some servers
ROUNDS = 6                              # sets of records
REQUESTS = 250                          # of each

BASES = ["a.test", "b.test", "c.example"]
HOSTS = [prefix + base for base in BASES
         for prefix in ("", "www.", "x.", "www.x.", "y.x.", "www.www.")]
ODD = ["_", "127.0.0.1", "a-.test", "-x.a.test", "10.0.0.1", "[::1]",
       "a%2etest", "a.test,b.test", "q.unknown", "test", "www.test"]
WRONG = ["", "a..test", "a.test/x", ".", ":80", "..", "a.test b.test"]

NAMES = [*HOSTS, *HOSTS, *("*." + h for h in HOSTS[::2]),
         *("." + h for h in HOSTS[::2]), "a.*", "www.b.*", "x.a.*",
         r"~^y\.", r"~^r\d\.", "_", "127.0.0.1", "a-.test", "~^-x"]

FIELDS = [*HOSTS, *("*." + b for b in BASES), *("." + b for b in BASES),
          "*.x.a.test", ".x.b.test", "*.test", ".test", ".example",
          "*.www.a.test", "q.unknown"]

FAR, SOON = 4000000000, 2000
BARE = ["1", "true", '"locked"', "0", "false", '"open"']


def record(rnd):
    """A record; some say nothing, some are by hand."""
    kind = rnd.random()
    if kind < .15:
        return rnd.choice(BARE)
    if kind < .5:
        at = {"at": 1000, rnd.choice(("lock_at", "lock_at", "open_at",
                                      "readonly_at", "notice_at")): 1000}
        return at
    found = {"at": rnd.choice((1000, 1000, FAR))}
    for name in model.TIMES:
        if rnd.random() < .35:
            found[name] = rnd.choice((500, 1000, SOON, SOON + 1, FAR))
    if rnd.random() < .2:
        found["pass_after"] = 700
    return found


def group(rnd):
    """The servers of an address: no two have the same name."""
    left = rnd.sample(NAMES, len(NAMES))
    servers, seen = [], set()
    for _ in range(rnd.choice((1, 2, 2, 3, 4))):
        names = []
        for _ in range(rnd.choice((1, 1, 2, 3, 5))):
            name = left.pop()
            # ".x" is "x" and "*.x" to nginx
            same = {name, "*" + name} if name[0] == "." else {name}
            same |= {name[1:]} if name[0] == "." else set()
            if not same & seen:
                names.append(name)
                seen |= same
        key = None
        if rnd.random() < .15:
            key = rnd.choice(["$arg_k", *HOSTS])
        servers.append(Server(
            names or [f"none{len(servers)}.test"], on=rnd.random() < .85,
            default="locked" if rnd.random() < .2 else "open", key=key,
            locations={"/": None, "/on": True, "/off": False}
            if rnd.random() < .5 else {"/": None, "/on": None}))
    return servers


def conf(i, servers):
    out = ""
    for n, server in enumerate(servers):
        names = " ".join(f'"{name}"' for name in server.names)
        says = f'return 200 "THE-SITE {n} [$paylock_state]";'
        key = f"paylock_key {server.key};" if server.key else ""
        first = " default_server" * (n == 0)
        out += f"""
            server {{
                listen unix:@DIR@/g{i}.sock{first};
                listen unix:@DIR@/h{i}.sock http2{first};
                server_name {names};
                paylock {"on" if server.on else "off"};
                paylock_default {server.default};
                {key}
                if ($arg_r) {{ {says} }}
        """ + "".join(
            f"location {path} {{ "
            + ("" if on is None else f"paylock {'on' if on else 'off'}; ")
            + says + " }" for path, on in server.locations.items()) + "}"
    return out


def spelled(rnd, host):
    """The same name, as another client might write it."""
    if host.startswith("["):
        return host
    if rnd.random() < .2:
        host = "".join(rnd.choice((c, c.upper())) for c in host)
    return host + rnd.choice(("", "", "", ".", ":80", ":", ".:8080"))


class Request:
    def __init__(self, rnd):
        def name():
            return spelled(rnd, rnd.choice(HOSTS) if rnd.random() < .75
                           else rnd.choice(ODD))

        self.version = rnd.choice(("1.1", "1.1", "1.0", "2"))
        self.method = rnd.choice(("GET", "GET", "GET", "HEAD", "POST"))
        self.path = rnd.choice(("/", "/", "/on", "/off", "/off/x"))
        self.args = rnd.choice(("", "", "r=1"))
        self.key = ""
        if rnd.random() < .4:
            self.key = rnd.choice((*HOSTS, "", "a..test", "a-.test", "A.test.:80"))
            self.args += f"&k={self.key}"
        self.host = rnd.choice(WRONG) if rnd.random() < .05 else name()
        self.absolute = None
        if self.version == "1.0" and rnd.random() < .3:
            self.host = None
        if self.version != "2" and rnd.random() < .2:
            # nginx takes fewer names here than in a header
            name = name()
            if re.fullmatch(r"\[[^]]*\]|[A-Za-z0-9.-]+(:\d*)?", name):
                self.absolute = name

    def __repr__(self):
        return str(vars(self))

    @property
    def target(self):
        return self.path + ("?" + self.args if self.args else "")

    def send(self, directory, i, connections):
        if self.version == "2":
            if i not in connections:
                connections[i] = H2(f"{directory}/h{i}.sock")
            reply = connections[i].get(
                self.target, self.host, self.method,
                body=b"x" if self.method == "POST" else b"")
            return reply.status, text(reply)
        target = f"http://{self.absolute}{self.target}" \
            if self.absolute else self.target
        data = f"{self.method} {target} HTTP/{self.version}\r\n"
        if self.host is not None:
            data += f"Host: {self.host}\r\n"
        if self.method == "POST":
            data += "Content-Length: 1\r\n"
        data += "Connection: close\r\n\r\n" + "x" * (self.method == "POST")
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(f"{directory}/g{i}.sock")
            s.sendall(data.encode())
            got = s.makefile("rb").read()
        return int(got.split()[1]), text(got)

    def wanted(self, servers, judge):
        """What the oracle expects: any of (status, what the site says)."""
        header = None if self.host is None else parse(self.host)
        bad = self.host is not None and header is None
        if self.absolute:
            first = parse(self.absolute)
            hosts = [first] + [header] * (self.host is not None)
        else:
            hosts = [header]
        server = choose(servers, hosts[0])

        # what is answered before the locations goes by the server's word
        on = server.on
        if not bad and "r=1" not in self.args:
            path = max((p for p in server.locations
                        if self.path.startswith(p)), key=len)
            if server.locations[path] is not None:
                on = server.locations[path]

        site = f"THE-SITE {servers.index(server)} [%s]"
        if not on:
            return {(400, "") if bad else (200, site % "")}
        wanted = set()
        for stage in judge.request(server, hosts, self.key):
            if stage == "locked" or stage == "readonly" \
                    and (self.method == "POST" or bad):
                wanted.add((503, ""))
            # what is no request is no GET either, or it is
            if stage != "locked" and bad:
                wanted.add((400, ""))
            elif stage != "locked" and (
                    stage != "readonly" or self.method != "POST"):
                wanted.add((200, site % stage))
        return wanted


def agrees(wanted, got, request):
    status, said = got
    if status == 503 and "x-paylock" not in said.lower():
        return False
    found = re.search(r"THE-SITE .*", said)
    if request.method == "HEAD":
        return found is None and status in {one for one, _ in wanted}
    return (status, found[0] if found else "") in wanted


def run(rnd, server, chain, groups, seen, end):
    connections = {}
    for _ in range(ROUNDS):
        records = {field: record(rnd) for field in rnd.sample(
            FIELDS, rnd.choice((1, 2, 4, 8, 12)))}
        chain.put(server, records)
        judge = Judge({f: model.load(r) if isinstance(r, str) else r
                       for f, r in records.items()}, int(time.time()))
        for _ in range(REQUESTS):
            i = rnd.randrange(len(groups))
            request = Request(rnd)
            wanted = request.wanted(groups[i], judge)
            got = request.send(server.dir, i, connections)
            seen[got[0]] = seen.get(got[0], 0) + 1
            assert agrees(wanted, got, request), (
                f"the oracle: {wanted}\nnginx: {got[0]} {got[1][-60:]!r}\n"
                f"{request}\nrecords: {records}\n"
                + re.sub(r"\n\s+", "\n", conf(i, groups[i])))
        if time.monotonic() > end:
            break
    for connection in connections.values():
        connection.socket.close()


def test_oracle(nginx, redis):
    seed = int(os.environ.get("PAYLOCK_TEST_SEED", 0)) \
        or random.SystemRandom().randrange(1, 1 << 32)
    end = time.monotonic() + SECONDS
    chain = Chain(redis).init()
    seen, server, n = {}, None, 0
    while n == 0 or time.monotonic() < end:
        rnd = random.Random(seed + n)
        groups = [group(rnd) for _ in range(GROUPS)]
        http = ("paylock_reconcile 1d; server_names_hash_bucket_size 128;"
                + "".join(conf(i, g) for i, g in enumerate(groups)))
        if server is None:
            server = nginx(http, log_level="error", workers=1)
        else:
            server.reload(http)
        server.wait_live()
        try:
            run(rnd, server, chain, groups, seen, end)
        except AssertionError as e:
            raise AssertionError(
                f"PAYLOCK_TEST_SEED={seed + n}:\n{e}") from None
        n += 1
    print(seed, n, seen)
    assert min(seen.get(status, 0) for status in (200, 400, 503)) > 10, seen


def test_what_can_have_a_record():
    """The oracle's word on names, by known ones."""
    for name in "a.test", "www.a.test", "a_b.test", "_x.test", "localhost", \
            "xn--bcher-kva.test", "1.2.3.test", "a--b.test", "1a":
        assert can_have_record(name), name
    for name in "_", "127.0.0.1", "[::1]", "a-.test", "-a.test", "a.1", \
            "b\u00fccher.test", "a..test", "x" * 64 + ".test", "a,b.test":
        assert not can_have_record(name), name
