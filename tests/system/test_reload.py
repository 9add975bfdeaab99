"""Reloads under load drop nothing and double nothing; a faulty one changes nothing and says why."""

import re

from daemon import Load

RELOADS = 100
PER_SECOND = 300


def write(config, receiver, generation):
    """A configuration that differs in what a link is made from."""
    config.connection("Orders", url=f"{receiver.url}/{generation}",
                      pool_size=generation % 7 + 1,
                      headers=[{"name": "X-Generation", "value": str(generation)}])
    # One that comes and goes.
    if generation % 2:
        config.connection("Sometimes", url=f"{receiver.url}/sometimes")
    else:
        (config.folder / "connections/Sometimes.conf").unlink(missing_ok=True)


def test_reloads_under_load(daemon, config, receiver):
    write(config, receiver, 0)
    one = daemon()
    events = one.events()
    load = Load(one.socket, "Orders", PER_SECOND)
    for generation in range(1, RELOADS + 1):
        write(config, receiver, generation)
        one.reload()
        events.find("reloaded")
    load.wait_for_more(PER_SECOND // 10)
    ids = load.stop()
    receiver.wait_for_ids(ids)
    assert load.unknown == 0 and load.refused == []
    assert receiver.duplicates() == 0
    assert receiver.ids == ids
    paths = [int(a.path.strip("/")) for a in receiver.arrivals]
    assert paths[-1] == RELOADS
    assert len(set(paths)) > RELOADS // 4, "most generations never sent anything"
    assert one.api.get("status").configuration["ok"] is True


def test_a_faulty_reload_changes_nothing(daemon, config, receiver):
    write(config, receiver, 0)
    one = daemon()
    events = one.events()
    file = config.write("connections/Broken.conf", """connection: {
  name = "Broken";
  type = "webhook";
  settings: { method = "POST"; url = "ftp://example.invalid/"; };
  environments: { Development: { }; };
};
""")
    config.connection("Orders", url=f"{receiver.url}/new")
    one.reload()
    event = events.find("reload_failed")
    assert "Broken.conf" in event["detail"]
    configuration = one.api.get("status").configuration
    assert configuration["ok"] is False
    assert re.search(r"Broken\.conf:4", configuration["problem"])
    assert f"{file}:4" in one.log()
    first = one.api.accept("Orders")
    receiver.wait_for_ids([first])
    assert receiver.arrivals[-1].path == "/0", "half of the faulty configuration was taken"

    file.unlink()
    one.reload()
    events.find("reloaded")
    assert one.api.get("status").configuration["ok"] is True
    second = one.api.accept("Orders")
    receiver.wait_for_ids([second])
    assert receiver.arrivals[-1].path == "/new"


def test_an_undeployed_link_keeps_its_queue(daemon, config, receiver):
    """Messages of a connection that is taken away are held, and go out when it is back."""
    config.connection("Orders", url=receiver.url, retry_delay_s=1)
    one = daemon()
    events = one.events()
    receiver.down()
    message = one.api.accept("Orders")
    events.find("failed", delivery=message)
    file = config.folder / "connections/Orders.conf"
    definition = file.read_text()
    file.unlink()
    one.reload()
    events.find("reloaded")
    assert one.api.send("Orders").code == "no_such_connection"
    delivery = one.api.delivery(message)
    assert (delivery["state"], delivery["held"]) == ("ready", "undeployed")

    receiver.up()
    file.write_text(definition)
    one.reload()
    events.find("reloaded")
    assert one.api.ended(message)["state"] == "done"
