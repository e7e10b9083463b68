from __future__ import annotations

import pytest


PROGRAM = """
    import logging, multiprocessing, os, sqlite3, sys, threading
    from pathlib import Path
    from plugbus_audit import AuditSettings
    from plugbus_audit.assembly import make_writer

    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="LOG %(message)s")
    path = Path("audit.db")
    writer = make_writer(AuditSettings(path=path, flush_every=10, flush_interval=3600.0,
        buffer_size=1000, buffer_timeout=30.0), logging.getLogger(), None)

    def publish(who, first, last):
        for number in range(first, last):
            writer.put(b'{"id":"%s-%d","type":"a.b"}' % (who.encode(), number))

    def expect(**counts):
        with sqlite3.connect(path) as connection:
            found = sorted(id for (id,) in connection.execute("SELECT id FROM records WHERE id IS NOT NULL"))
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        wanted = sorted(f"{who}-{number}" for who, count in counts.items() for number in range(count))
        assert found == wanted, (len(found), len(wanted))

    def wait(*children):
        for child in children:
            assert os.waitpid(child, 0)[1] == 0
"""


def test_a_child_leaves_the_parents_rows_to_the_parent_and_writes_its_own(run_program):
    run_program(
        PROGRAM
        + """
    publish("parent", 0, 5)
    child = os.fork()
    publish("parent" if child else "child", 5 if child else 0, 8)
    if child:
        wait(child)
        writer.close(30)
        expect(parent=8, child=8)
    """
    )


def test_a_child_that_publishes_nothing_writes_nothing(run_program):
    run_program(
        PROGRAM
        + """
    publish("parent", 0, 5)
    child = os.fork()
    if child:
        wait(child)
        expect_nothing = not path.exists()
        writer.close(30)
        expect(parent=5)
        assert expect_nothing
    """
    )


def test_a_child_may_have_children(run_program):
    run_program(
        PROGRAM
        + """
    publish("a", 0, 5)
    if child := os.fork():
        wait(child)
        publish("a", 5, 25)
        writer.close(30)
        expect(a=25, b=25, c=25)
    else:
        publish("b", 0, 5)
        if child := os.fork():
            wait(child)
            publish("b", 5, 25)
        else:
            publish("c", 0, 25)
    """
    )


def test_processes_that_are_forked_while_threads_publish_and_the_writer_writes_lose_nothing(run_program):
    run_program(
        PROGRAM
        + """
    done = threading.Event()
    counts = {name: 0 for name in ("p0", "p1", "p2")}

    def keep_on(name):
        while not done.is_set():
            publish(name, counts[name], counts[name] + 1)
            counts[name] += 1
            done.wait(0.0005)

    threads = [threading.Thread(target=keep_on, args=(name,)) for name in counts]
    for thread in threads:
        thread.start()
    children = []
    for number in range(25):
        child = os.fork()
        if not child:
            publish(f"c{number}", 0, 23)
            writer.close(30)
            os._exit(0)
        children.append(child)
    wait(*children)
    done.set()
    for thread in threads:
        thread.join()
    writer.close(30)
    expect(**counts, **{f"c{number}": 23 for number in range(25)})
    """
    )


def test_nothing_is_lost_if_the_parent_goes_on_and_ends_before_its_children(run_program):
    run_program(
        PROGRAM
        + """
    publish("parent", 0, 25)
    writer.flush(lambda: 30)
    reader, starter = os.pipe()
    child = os.fork()
    if not child:
        os.close(starter)
        publish("child", 0, 15)
        writer.flush(lambda: 30)
        os.read(reader, 1)  # until the parent has closed its connection
        publish("child", 15, 30)
        sys.exit()
    publish("parent", 25, 50)
    writer.close(30)
    os.close(starter)
    wait(child)
    expect(parent=50, child=30)
    """
    )


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_the_end_of_a_process_of_multiprocessing_loses_nothing(run_program, method, tmp_path):
    (tmp_path / "shop.py").write_text(
        "import logging\n"
        "from pathlib import Path\n"
        "from plugbus_audit import AuditSettings\n"
        "from plugbus_audit.assembly import make_writer\n"
        "settings = AuditSettings(path=Path('audit.db'), flush_every=10, flush_interval=3600.0)\n"
        "writer = make_writer(settings, logging.getLogger(), None)\n"
        "def publish(who, count):\n"
        "    for number in range(count):\n"
        '        writer.put(b\'{"id":"%s-%d","type":"a.b"}\' % (who.encode(), number))\n',
        encoding="utf-8",
    )
    run_program(
        f"""
        import multiprocessing, sqlite3
        import shop

        if __name__ == "__main__":
            shop.publish("parent", 5)
            context = multiprocessing.get_context("{method}")
            processes = [context.Process(target=shop.publish, args=(f"c{{n}}", 13)) for n in range(3)]
            for process in processes:
                process.start()
            for process in processes:
                process.join()
                assert process.exitcode == 0
            with context.Pool(2) as pool:
                pool.starmap(shop.publish, [("p0", 13), ("p1", 13)])
                pool.close()
                pool.join()
            shop.writer.close(30)
            with sqlite3.connect("audit.db") as connection:
                found = sorted(id for (id,) in connection.execute("SELECT id FROM records WHERE id IS NOT NULL"))
            names = ["c0", "c1", "c2", "p0", "p1"]
            wanted = [f"parent-{{n}}" for n in range(5)] + [f"{{name}}-{{n}}" for name in names for n in range(13)]
            assert found == sorted(wanted), (len(found), len(wanted))
        """
    )


def test_a_child_that_was_forked_while_a_write_hung_says_so_instead_of_hanging_too(run_program):
    done = run_program(
        PROGRAM
        + """
    from plugbus.writing import WriterUnusable, writer as module

    module._FORK_TIMEOUT = 0.2
    hangs, go_on = threading.Event(), threading.Event()

    write = writer._store.write

    def slow(rows):
        hangs.set()
        go_on.wait(60)
        write(rows)

    writer._store.write = slow
    publish("parent", 0, 10)
    hangs.wait(60)
    child = os.fork()
    if not child:
        try:
            publish("child", 0, 1)
        except WriterUnusable as error:
            print(error)
        sys.exit()
    wait(child)
    go_on.set()
    writer.close(30)
    expect(parent=10)
    """
    )
    assert (
        "the audit trail audit.db cannot be written in this process: it was forked while a write hung for 0.2 s"
        in done.stdout
    )


def test_rows_that_come_while_the_program_ends_are_written(run_program):
    run_program(
        """
        import atexit, logging, sqlite3
        from pathlib import Path

        def look():
            with sqlite3.connect("audit.db") as connection:
                found = [id for (id,) in connection.execute("SELECT id FROM records WHERE id IS NOT NULL ORDER BY seq")]
            if found != ["early", "late"]:
                import os
                os._exit(3)

        atexit.register(look)
        atexit.register(lambda: writer.put(b'{"id":"late","type":"a.b"}'))

        from plugbus_audit import AuditSettings
        from plugbus_audit.assembly import make_writer

        writer = make_writer(AuditSettings(path=Path("audit.db"), flush_every=10,
            flush_interval=3600.0, buffer_size=1000, buffer_timeout=30.0), logging.getLogger(), None)
        writer.put(b'{"id":"early","type":"a.b"}')
        """
    )
