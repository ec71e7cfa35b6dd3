# Copyright (C) 2026 paylock contributors
#
# Random flips by several paylock-admins at once: dense, none lost, and every
# hash as docs/audit-format.md has it computed.

import json
import random
import threading

import servers
from chain import entry_hash


def check(client):
    """The trail is whole and comes to the records; the number of flips."""
    prev, chain, records = "0" * 64, None, {}
    entries = client.xrange("{paylock}:audit")

    for seq, (ident, fields) in enumerate(entries, 1):
        assert ident == f"{seq}-0"
        assert fields["prev"] == prev
        assert fields["hash"] == entry_hash(seq, fields)
        assert fields["chain"] == (chain or fields["chain"])
        prev, chain = fields["hash"], fields["chain"]

        if host := fields.get("host"):
            assert fields.get("before", "") == records.get(host, "")
            records[host] = fields.get("after", "")

    assert client.hgetall("{paylock}:locks") == \
        {host: record for host, record in records.items() if record}
    return len(entries) - 1


def test_a_thousand_flips_by_four(redis, private):
    hosts = [f"h{i}.example" for i in range(40)]
    wanted = 250
    made = [0] * 4
    problems = []

    admins = [servers.Admin(redis, private / f"admin{i}") for i in range(4)]
    for admin in admins:
        admin("init", "--yes")

    def flip(i):
        dice = random.Random(i)
        try:
            while made[i] < wanted:
                n = min(dice.choice([1, 1, 2, 5, 10]), wanted - made[i])
                command = dice.choice(["lock", "lock", "unlock", "reset"])
                args = ["--reason", f"{i} {made[i]}"] \
                    if command != "reset" else []
                done = admins[i](command, *dice.sample(hosts, n), *args,
                                 "--json")
                made[i] += len(json.loads(done.stdout)["changed"])
        except AssertionError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=flip, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not problems, problems
    assert check(redis.client()) == sum(made) == 4 * wanted


def test_a_batch_gives_way_to_single_flips(redis, admin):
    """Large transactions against a stream of small writes get through."""
    admin("init")
    stop = threading.Event()

    def disturb():
        with redis.client() as client:
            while not stop.is_set():
                client.hset("{paylock}:locks", "hand.example", "1")
                stop.wait(0.001)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        out = admin.json("lock", *(f"h{i}.example" for i in range(1000)))
    finally:
        stop.set()
        thread.join()

    assert len(out["changed"]) == 1000
    redis.client().hdel("{paylock}:locks", "hand.example")
    assert check(redis.client()) == 1000
