# Copyright (C) 2026 paylock contributors
#
# The signers file: whose signatures count on this machine.

import fcntl
import hashlib
import os
import stat
import subprocess

import pytest

from support.cli import answered, config, entries, refused

ALICE = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
BOB = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
CAROL = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

NONE = {"file": None, "sha256": None, "realm": "-", "signers": [], "pins": []}


def signers_file(admin, text=None, mode=0o644):
    """The one of the user, with this text."""
    path = admin.home / "config/paylock/signers"
    path.parent.mkdir(parents=True, exist_ok=True)
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    return path


def head(redis):
    last = entries(redis)[-1]
    return len(entries(redis)), last["hash"]


def chain(redis):
    return entries(redis)[-1]["chain"]


def warnings(done):
    return [line for line in done.stderr.splitlines() if "warning" in line]


# what is listed


def test_list(alice):
    text = (f"# who counts\nalice {alice.key}  # herself\n"
            f"bob {BOB} until=1234:{HASH}\n\n"
            f"whmcs {CAROL} from=2000 may=notice,lock\npin 7:{HASH}\n")
    path = signers_file(alice, text)
    listed = alice.json("signers")
    assert listed == {
        "file": str(path), "realm": "-",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "signers": [
            {"name": "alice", "key": alice.key, "you": True, "from": None,
             "until": None, "may": None},
            {"name": "bob", "key": BOB, "you": False, "from": None,
             "until": {"seq": 1234, "hash": HASH, "chain": None},
             "may": None},
            {"name": "whmcs", "key": CAROL, "you": False, "from": 2000,
             "until": None, "may": ["lock", "notice"]}],
        "pins": [{"seq": 7, "hash": HASH, "chain": None}]}

    done = alice("signers")
    assert done.stderr == ""
    first, _, title, *rows = done.stdout.splitlines()
    assert first == f"{path}, realm -"
    assert title.split() == ["signer", "from", "until", "key", "may"]
    assert [row.split() for row in rows] == [
        ["alice", "you", alice.key], ["bob", "1234", BOB],
        ["whmcs", "2000", CAROL, "lock,notice"], [], ["pin", f"7:{HASH}"]]


def test_without_a_file(admin):
    done = admin("--json", "signers")
    assert admin.json("signers") == NONE
    warning, = warnings(done)
    assert "what Redis says is in force" in warning
    assert "keygen" in warning
    assert admin("signers", "--quiet").stderr == ""
    for args in ["revoke", "bob"], ["pin"]:
        admin("init", check=False)
        error = refused(admin, 1, "signers", "signers", *args)
        assert error["message"] == "there is no signers file"


def test_which_file_is_read(admin):
    mine = signers_file(admin, f"mine {ALICE}\n")
    other = admin.home / "other"
    other.write_text(f"other {BOB}\n")

    def names(*args, **kw):
        listed = admin.json("signers", *args, **kw)
        return listed["file"], [one["name"] for one in listed["signers"]]

    assert names() == (str(mine), ["mine"])
    assert names("--signers", other) == (str(other), ["other"])
    assert names(env={"PAYLOCK_SIGNERS": str(other)})[1] == ["other"]
    config(admin, f"signers = {other}\n")
    assert names()[1] == ["other"]
    assert names("--signers", mine)[1] == ["mine"]
    error = refused(admin, 1, "signers", "signers", "--signers", "nowhere")
    assert "No such file" in error["message"]


def test_realm(admin):
    assert admin.json("signers")["realm"] == "-"
    config(admin, "realm = staging\n")
    assert admin.json("signers")["realm"] == "staging"
    realm = "a-Z.0_" + "x" * 58
    assert admin.json("signers", "--realm", realm)["realm"] == realm
    for bad in "", "a b", "é", "x" * 65, "a/b":
        error = refused(admin, 2, "realm", "signers", "--realm", bad)
        assert "production" in error["mend"]


# what is odd


@pytest.mark.parametrize("text, expected", [
    ("alice {own}\n", []),
    ("bob {bob}\n", ["your key is not in"]),
    ("alice {own} may=lock\n", ["nobody may adopt"]),
    ("alice {own} may=adopt\n", []),
    ("alice {own} until=3:{hash}\nbob {bob}\n", ["your key is revoked"]),
    ("alice {own}\nbob {bob} until=3:{hash}\n", []),
    ("alice {own} may=lock\nbob {bob} until=3:{hash}\n",
     ["nobody may adopt"]),
    ("bob {bob} until=3:{hash}\n",
     ["everybody is revoked", "your key is not in"]),
])
def test_warnings(alice, text, expected):
    signers_file(alice, text.format(own=alice.key, bob=BOB, hash=HASH))
    shown = warnings(alice("signers"))
    assert len(shown) == len(expected), shown
    for line, part in zip(shown, expected):
        assert part in line


def test_a_passphrase_is_not_asked_for(alice):
    (alice.home / "secret").touch(0o600)
    (alice.home / "secret").write_text("correct horse\n")
    sealed = alice.home / "sealed.pem"
    made = alice.json("keygen", sealed, "--passphrase-file", "secret")
    signers_file(alice, f"alice {made['key']}\n")
    done = alice("--json", "signers", "--key", sealed)
    assert '"you":false' in done.stdout
    assert "your own line is not marked" in warnings(done)[0]
    assert alice.json("signers", "--key", sealed, "--passphrase-file",
                      "secret")["signers"][0]["you"]


# what is refused


def test_refused_lines(alice):
    for number, line in [
            (2, f"alice {BOB}"), (2, f"bob {ALICE}"), (2, "bob 12"),
            (2, f"bob {'01' + '00' * 31}"), (2, f"bob {BOB} may=all"),
            (3, f"\nbob {BOB} from=0"), (2, "\x1b[2J")]:
        path = signers_file(alice, f"alice {ALICE}\n{line}\n")
        error = refused(alice, 1, "signers", "signers")
        assert error["message"].startswith(f'line {number} of "{path}" ')
    signers_file(alice, f"# nobody\npin 1:{HASH}\n")
    error = refused(alice, 1, "signers", "signers")
    assert "names no signer" in error["message"]


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_others_can_write_it(admin, mode):
    path = signers_file(admin, f"alice {ALICE}\n", mode)
    error = refused(admin, 1, "signers", "signers")
    assert "others can write" in error["message"]
    assert error["mend"] == f"chmod go-w {path}"
    path.chmod(0o644)
    admin("signers")

    path.parent.chmod(0o777)
    error = refused(admin, 1, "signers", "signers")
    assert error["mend"] == f"chmod o-w {path.parent}"
    path.parent.chmod(0o1777)
    admin("signers")


def test_files_that_are_none(admin):
    path = signers_file(admin)
    os.mkfifo(path)
    assert "is not a file" in refused(admin, 1, "signers",
                                      "signers")["message"]
    path.unlink()
    path.mkdir()
    assert "is not a file" in refused(admin, 1, "signers",
                                      "signers")["message"]
    path.rmdir()
    path.symlink_to("nothing")
    refused(admin, 1, "signers", "signers")
    path.unlink()
    signers_file(admin, f"alice {ALICE}\n" + "#\n" * 9999)
    admin("signers")
    signers_file(admin, f"alice {ALICE}\n" + "#\n" * 10000)
    assert "10,000" in refused(admin, 1, "signers", "signers")["message"]
    signers_file(admin, f"alice {ALICE}\n" + f"#{'x' * 998}\n" * 1060)
    assert "1 MB" in refused(admin, 1, "signers", "signers")["message"]


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away")
def test_files_of_others(admin):
    path = signers_file(admin, f"alice {ALICE}\n")
    os.chown(path, 1, 1)
    error = refused(admin, 1, "signers", "signers")
    assert "belongs to another user" in error["message"]
    os.chown(path, 0, 0)
    link = admin.home / "link"
    link.symlink_to(path)
    admin("signers", "--signers", link)
    os.lchown(link, 1, 1)
    error = refused(admin, 1, "signers", "signers", "--signers", link)
    assert "link of another user" in error["message"]


# revoke


def test_revoke(alice, redis):
    text = (f"# who\nalice {alice.key}\n\n  bob\t{BOB} may=lock \t# gone #\n"
            f"carol {CAROL}")
    path = signers_file(alice, text, 0o640)
    seq, last = head(redis)
    entry = f"{seq}:{last}:{chain(redis)}"

    out = alice("signers", "revoke", "bob", "--dry-run").stdout
    assert out == f"bob: would be revoked, counts up to entry {seq}\n"
    assert path.read_text() == text

    error = refused(alice, 2, "confirm", "signers", "revoke", "bob")
    assert BOB in error["message"] and "--yes" in error["mend"]
    assert answered(alice, "n", "signers", "revoke", "bob")[0] == 1
    assert path.read_text() == text

    before = path.stat()
    code, out, shown = answered(alice, "y", "signers", "revoke", "bob")
    assert code == 0 and BOB in shown
    assert out.startswith(f"bob: revoked, counts up to entry {seq}\nGive ")
    assert path.read_text() == text.replace(
        "may=lock \t#", f"may=lock until={entry} \t#")
    after = path.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert sorted(path.parent.iterdir()) == [path.parent / "key.pem", path]

    made = alice.json("signers", "revoke", "carol", "--yes")
    assert made == {"name": "carol", "changed": True, "file": str(path),
                    "seq": seq, "hash": last, "chain": chain(redis)}
    assert path.read_text().endswith(f"carol {CAROL} until={entry}")
    assert entries(redis)[seq:] == []


def test_revoked_twice(alice, redis):
    path = signers_file(alice, f"alice {alice.key}\nbob {BOB}\n")
    alice("signers", "revoke", "bob", "--yes")
    seq, last = head(redis)
    text = path.read_text()
    alice("lock", "b.example")
    assert alice("signers", "revoke", "bob").stdout \
        == f"bob: unchanged, revoked, counts up to entry {seq}\n"
    again = alice.json("signers", "revoke", "bob")
    assert (again["changed"], again["seq"], again["hash"]) \
        == (False, seq, last)
    assert path.read_text() == text


def test_revoke_refused(alice, redis):
    path = signers_file(alice, f"alice {alice.key}\nbob {BOB} may=lock\n"
                               f"carol {CAROL} until=1:{HASH}\n")
    text = path.read_text()
    error = refused(alice, 1, "signer", "signers", "revoke", "bbo", "--yes")
    assert error["mend"] == 'did you mean "bob"?'
    error = refused(alice, 1, "signer", "signers", "revoke", "z" * 300)
    assert "paylock-admin signers" in error["mend"]
    error = refused(alice, 1, "signer_last", "signers", "revoke", "alice",
                    "--yes")
    assert "the last one" in error["message"]
    assert path.read_text() == text

    seq, _ = head(redis)
    text = f"alice {alice.key}\nbob {BOB} from={seq + 1}\n"
    path.write_text(text)
    error = refused(alice, 1, "signers", "signers", "revoke", "bob", "--yes")
    assert "\"from\" after its \"until\"" in error["message"]
    assert path.read_text() == text


def test_only_a_trail_that_verifies(alice, redis):
    """A Redis that shows another head does not get it into the file."""
    path = signers_file(alice, f"alice {alice.key}\nbob {BOB}\n")
    text = path.read_text()
    alice("lock", "b.example")
    redis.client().execute_command("XDEL", "{paylock}:audit",
                                   f"{head(redis)[0]}-0")
    for args in ["revoke", "bob", "--yes"], ["pin"]:
        done = alice("signers", *args, check=False)
        assert done.returncode == 1
        assert path.read_text() == text


def test_a_link_stays(alice):
    path = signers_file(alice, f"alice {alice.key}\nbob {BOB}\n")
    real = alice.home / "real"
    path.rename(real)
    path.symlink_to(real)
    alice("signers", "revoke", "bob", "--yes")
    assert path.is_symlink()
    assert "until=" in real.read_text()


def test_one_writer_at_a_time(alice):
    path = signers_file(alice, f"alice {alice.key}\nbob {BOB}\n"
                               f"carol {CAROL}\n")
    held = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    both = [subprocess.Popen(alice.argv("signers", "revoke", name, "--yes"),
                             env=alice.env, cwd=alice.home,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for name in ("bob", "carol")]
    with pytest.raises(subprocess.TimeoutExpired):
        both[0].wait(0.5)
    os.close(held)
    for one in both:
        out, err = one.communicate(timeout=120)
        assert one.returncode == 0, err
    assert path.read_text().count("until=") == 2

    held = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    error = refused(alice, 1, "signers", "signers", "pin")
    os.close(held)
    assert "somebody else is writing" in error["message"]


# pin


def test_pin(alice, redis):
    text = f"alice {alice.key}"           # without a line feed
    path = signers_file(alice, text)
    seq, last = head(redis)
    line = f"pin {seq}:{last}:{chain(redis)}"
    assert alice("signers", "pin", "--dry-run").stdout \
        == f"would be written: {line}\n"
    assert path.read_text() == text
    assert alice("signers", "pin").stdout.startswith(f"{line}\nGive ")
    assert path.read_text() == f"{text}\n{line}\n"
    assert alice("signers", "pin").stdout == f"unchanged: {line}\n"
    assert path.read_text() == f"{text}\n{line}\n"

    alice("lock", "b.example")
    made = alice.json("signers", "pin")
    seq, last = head(redis)
    assert made == {"changed": True, "file": str(path), "seq": seq,
                    "hash": last, "chain": chain(redis)}
    assert path.read_text() \
        == f"{text}\n{line}\npin {seq}:{last}:{chain(redis)}\n"


def test_pin_against_another_hash(alice, redis):
    seq, _ = head(redis)
    text = f"alice {alice.key}\npin {seq}:{HASH}\n"
    path = signers_file(alice, text)
    error = refused(alice, 1, "chain_forged", "signers", "pin")
    assert f"entry {seq} is not the one that line 2" in error["message"]
    assert path.read_text() == text


# keygen


def test_keygen_begins_it(admin):
    admin.env["PAYLOCK_ACTOR"] = "Élise pin"
    path = signers_file(admin)
    key = path.parent / "key.pem"
    assert admin("keygen", "--dry-run").stdout \
        == f"would be made: {key}\nwould be begun: {path}\n"
    assert not path.exists()

    *_, told = admin("keygen").stdout.splitlines()
    assert told == f"begun {path}: the signatures of __lise_pin count"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    one, = admin.json("signers")["signers"]
    assert one["name"] == "__lise_pin" and one["you"]


def test_keygen_changes_no_file(admin):
    path = signers_file(admin, f"bob {BOB}\n")
    made = admin.json("keygen")
    assert made["signers"] == str(path) and made["begun"] is False
    key = path.parent / "key.pem"
    key.unlink()
    out = admin("keygen", env={"PAYLOCK_ACTOR": "pin"}).stdout
    made = key.read_bytes()
    *_, told, line = out.splitlines()
    assert told == (f"Add this line to {path}, here and on every other "
                    "machine:")
    assert path.read_text() == f"bob {BOB}\n"
    path.write_text(line + "\n")
    one, = admin.json("signers")["signers"]
    assert one["name"] == "pin_" and one["you"]
    assert key.read_bytes() == made


def test_keygen_by_name_leaves_it(admin):
    made = admin.json("keygen", "other.pem")
    assert made["signers"] is None and made["begun"] is False
    assert not signers_file(admin).exists()
    config(admin, "signers = elsewhere\n")
    assert admin.json("keygen")["signers"] == "elsewhere"
    assert not signers_file(admin).exists()
    assert not (admin.home / "elsewhere").exists()
