# Copyright (C) 2026 paylock contributors
#
# Many clients of the API at once, and commands beside them.

import collections
import concurrent.futures
import os

CLIENTS = int(os.environ.get("PAYLOCK_TEST_CLIENTS", 8))
WRITES = 5 * CLIENTS // 6 or 1


def test_one_of_each_version(api, writer):
    """Of all who saw a version of a record one changes it, and is the next;
    the others are told 412."""
    token = writer.token("whmcs", "--allow", "read,lock,unlock")
    admin = writer.issuer

    def client(n):
        done = []
        for i in range(WRITES):
            tag = api.get("/v1/sites/a.example", token).headers["ETag"]
            reply = change(n, i, tag)
            while reply.status == 503:          # too many wait for their turn
                assert reply.body["code"] == "busy"
                reply = change(n, i, tag)
            done.append((reply.status, tag))
        return done

    def change(n, i, tag):
        return api.post(
            f"/v1/{('lock', 'unlock')[i % 2]}", token,
            {"hosts": ["a.example"], "reason": f"{n} {i}"}, If_Match=tag)

    def commands(n):
        for i in range(WRITES):
            admin("lock", f"c{n}.example", "--reason", f"{i}")

    before = len(admin.json("audit", "log", "a.example"))
    with concurrent.futures.ThreadPoolExecutor(CLIENTS + 4) as pool:
        beside = [pool.submit(commands, n) for n in range(4)]
        done = [one for some in pool.map(client, range(CLIENTS))
                for one in some]
        for one in beside:
            one.result()

    assert {status for status, _ in done} <= {200, 412}
    changed = collections.Counter(tag for status, tag in done
                                  if status == 200)
    assert set(changed.values()) == {1}
    made = admin.json("audit", "log", "a.example")[before:]
    assert len(made) == len(changed)
    assert all(len(admin.json("audit", "log", f"c{n}.example")) == WRITES
               for n in range(4))
    assert admin("audit", "verify").returncode == 0
