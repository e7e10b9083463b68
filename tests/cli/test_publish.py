from __future__ import annotations

import json

import pytest


def event(type="item.sold", **payload):
    return {"type": type, "payload": payload}


def counts(done):
    return json.loads(done.out)


def of_type(done, name):
    (found,) = [one for one in counts(done)["types"] if one["type"] == name]
    return found


def publish(folder, file, *arguments, app="shop:bus", **options):
    return folder.run("publish", file, "--app", app, "--format", "json", *arguments, **options)


def test_every_line_of_a_file_is_published(shop):
    shop.write_lines("events.jsonl", [event(number=number) for number in range(100)])
    done = publish(shop, "events.jsonl")
    assert counts(done)["lines"] == counts(done)["published"] == 100
    assert of_type(done, "item.sold") == {"type": "item.sold", "published": 100, "blocked": 0, "failed": 0}
    assert done.err == ""


def test_events_are_published_in_the_order_of_the_file(folder):
    folder.write(
        "app.py",
        """
        from plugbus import EventBus

        bus = EventBus()

        @bus.on("item.sold")
        async def note(event):
            print(event.payload["number"])
        """,
    )
    folder.write_lines("events.jsonl", [event(number=number) for number in range(50)])
    done = folder.run("publish", "events.jsonl", "--app", "app:bus")
    assert [int(line) for line in done.out.splitlines() if line.isdecimal()] == list(range(50))


def test_standard_input_is_read_for_a_hyphen(shop):
    done = publish(shop, "-", input=json.dumps(event()))
    assert counts(done)["published"] == 1


def test_cloudevents_and_plain_objects_may_be_mixed(shop):
    cloud = {"specversion": "1.0", "id": "1", "source": "urn:x", "type": "com.example.Thing", "data": {"a": 1}}
    shop.write_lines("events.jsonl", [cloud, event()])
    done = publish(shop, "events.jsonl")
    assert [one["type"] for one in counts(done)["types"]][:2] == ["com.example.Thing", "item.sold"]


def test_a_bad_line_is_reported_with_its_place_and_the_others_go_through(shop):
    shop.write_lines("events.jsonl", [event(), "nonsense", event(), {"payload": {}}, '["list"]', event()])
    done = publish(shop, "events.jsonl", code=1)
    assert counts(done)["published"] == 3
    assert counts(done)["bad"] == 3
    first, second, third = done.err.splitlines()
    assert first.startswith("events.jsonl:2: expected one JSON object, got invalid JSON")
    assert second == "events.jsonl:4: expected the key 'type', got none"
    assert third == "events.jsonl:5: expected a JSON object, got ['list']"


def test_strict_stops_at_the_first_bad_line(shop):
    shop.write_lines("events.jsonl", [event(), "nonsense", event(), "more nonsense"])
    done = publish(shop, "events.jsonl", "--strict", code=1)
    assert counts(done)["published"] == 1
    assert len(done.err.splitlines()) == 1


def test_bad_lines_of_standard_input_name_it(shop):
    done = publish(shop, "-", input="\nnonsense\n", code=1)
    assert done.err.startswith("<stdin>:2: expected ")


def test_byte_order_mark_line_breaks_of_windows_and_empty_lines_are_accepted(shop):
    text = json.dumps(event())
    (shop.path / "events.jsonl").write_bytes(b"\xef\xbb\xbf" + f"{text}\r\n\r\n  \r\n{text}".encode())
    done = publish(shop, "events.jsonl")
    assert counts(done)["published"] == counts(done)["lines"] == 2


@pytest.mark.parametrize(
    ("line", "got"),
    [
        (b'{"type": "a.b", "payload": {"x": "\xff"}}', "invalid JSON"),
        (b"\x00\x01\x02", "invalid JSON"),
        (b'{"type": "a.b"', "invalid JSON"),
        (b'{"type": "a.b", "payload": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"type": "a.b", "payload": {"x": "' + b"y" * (16 * 1024 * 1024) + b'"}}', "a longer one"),
    ],
    ids=["not UTF-8", "binary", "cut off", "nested", "endless"],
)
def test_what_can_be_no_event_is_a_bad_line_and_no_crash(shop, line, got):
    (shop.path / "events.jsonl").write_bytes(line + b"\n" + json.dumps(event()).encode() + b"\n")
    done = publish(shop, "events.jsonl", code=1)
    assert (counts(done)["bad"], counts(done)["published"]) == (1, 1)
    assert done.err.startswith("events.jsonl:1: expected ")
    assert got in done.err
    assert len(done.err) < 500


def test_an_empty_file_is_fine(shop):
    shop.write("events.jsonl", "")
    assert counts(publish(shop, "events.jsonl"))["lines"] == 0


def test_failing_handlers_are_counted_and_each_place_that_raises_is_shown_once(shop):
    shop.write_lines("events.jsonl", [event("order.placed") for _ in range(20)])
    done = publish(shop, "events.jsonl", code=1)
    assert counts(done)["failed"] == counts(done)["published"] == 20
    assert of_type(done, "order.placed")["failed"] == 20
    by_name = {handler["handler"]: handler for handler in counts(done)["handlers"]}
    assert by_name["send_mail"] == {"handler": "send_mail", "plugin": None, "handled": 0, "failed": 20}
    assert by_name["take"]["handled"] >= 20
    assert done.err.count("Traceback") == 1
    assert "19 messages like those above left out." in done.err


def test_an_application_that_has_set_up_logging_keeps_its_own(shop):
    app = shop.path / "shop.py"
    app.write_text("import logging\nlogging.basicConfig(format='OURS %(message)s')\n" + app.read_text())
    shop.write_lines("events.jsonl", [event("order.placed")] * 3)
    done = publish(shop, "events.jsonl", code=1)
    assert done.err.count("OURS handler send_mail failed") == 3


def test_an_event_that_a_middleware_blocks_is_counted_and_no_finding(shop):
    shop.write_lines("events.jsonl", [event("noise.made"), event()])
    done = publish(shop, "events.jsonl")
    assert (counts(done)["blocked"], counts(done)["refused"], counts(done)["published"]) == (1, 0, 1)
    assert of_type(done, "noise.made")["blocked"] == 1


def test_an_event_that_a_middleware_refuses_is_reported_with_its_place_and_reason(shop):
    shop.write_lines("events.jsonl", [event(), event("vault.opened"), event()])
    done = publish(shop, "events.jsonl", code=1)
    assert (counts(done)["blocked"], counts(done)["refused"], counts(done)["published"]) == (1, 1, 2)
    assert done.err == "events.jsonl:2: vault.opened was refused by guard: Refusal: not allowed\n"


def test_the_tables_name_types_and_handlers(shop):
    shop.write_lines("events.jsonl", [event(), event("order.placed"), event("noise.made"), "nonsense"])
    done = shop.run("publish", "events.jsonl", "--app", "shop:bus", code=1)
    rows = {cells[0]: cells[1:] for line in done.out.splitlines() if len(cells := line.split()) in {3, 4}}
    assert rows["item.sold"] == ["1", "0", "0"]
    assert rows["noise.made"] == ["0", "1", "0"]
    assert rows["order.placed"] == ["1", "0", "1"]
    assert rows["send_mail"] == ["0", "1"]
    assert "1 bad line" in done.out
    assert all(len(line) <= 80 for line in done.out.splitlines())
    assert "\x1b" not in done.out


def test_names_from_outside_do_not_steer_the_terminal(shop):
    name = "\x1b[2Jevil.[bold]type"
    shop.write_lines("\x1b[31mevents.jsonl", [event(name), {"type": 1, name: 2}])
    done = shop.run("publish", "\x1b[31mevents.jsonl", "--app", "shop:bus", code=1)
    assert "\\x1b[2Jevil.[bold]type" in done.out
    assert "\x1b" not in done.out + done.err


def test_a_bus_that_nobody_listens_to_is_pointed_out(folder):
    folder.write_lines("events.jsonl", [event()])
    assert "Nobody listened" in folder.run("publish", "events.jsonl").out


def test_more_types_than_a_screen_could_show_are_counted_together(shop):
    shop.write_lines("events.jsonl", [event(f"thing.happened_{number}") for number in range(1100)])
    done = publish(shop, "events.jsonl")
    assert len(counts(done)["types"]) <= 1001
    assert of_type(done, "(others)")["published"] >= 100


@pytest.mark.parametrize(
    ("file", "says"),
    [("absent.jsonl", "No such file"), (".", "is a folder"), ("shop.py/x", "Not a directory")],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(shop, file, says):
    done = shop.run("publish", file, "--app", "shop:bus", code=2)
    assert says in done.err
    assert len(done.err.splitlines()) == 1


def test_a_handler_that_ends_the_program_ends_it_with_its_code(folder):
    folder.write(
        "app.py",
        """
        import sys
        from plugbus import EventBus

        bus = EventBus()

        @bus.on("*")
        def leave(event):
            sys.exit(7)
        """,
    )
    folder.write_lines("events.jsonl", [event()])
    folder.run("publish", "events.jsonl", "--app", "app:bus", code=7)


def test_a_wrong_order_of_handlers_is_an_error_before_anything_is_published(folder):
    folder.write(
        "app.py",
        """
        from plugbus import EventBus

        bus = EventBus()

        @bus.on("*", after="nobody")
        def take(event):
            print("taken")
        """,
    )
    folder.write_lines("events.jsonl", [event()])
    done = folder.run("publish", "events.jsonl", "--app", "app:bus", code=2)
    assert "nobody" in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
