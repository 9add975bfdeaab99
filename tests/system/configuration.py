"""Configuration folders for the tests, written in libconfig's syntax."""

import pathlib


def libconfig(value, indent=0):
    """A Python value as the right-hand side of a libconfig setting."""
    pad = "  " * (indent + 1)
    if isinstance(value, dict):
        rows = [f"{pad}{key} = {libconfig(item, indent + 1)};\n" for key, item in value.items()]
        return "{\n" + "".join(rows) + "  " * indent + "}"
    if isinstance(value, (list, tuple)):
        return "( " + ", ".join(libconfig(item, indent + 1) for item in value) + " )"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -(2**31) <= value < 2**31 else f"{value}L"
    if isinstance(value, float):
        return repr(value)
    return quoted(str(value))


def quoted(text):
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}
    return '"' + "".join(
        escapes.get(c, c if c >= " " and c != "\x7f" else f"\\x{ord(c):02x}")
        for c in text) + '"'


class Config:
    """A folder with linkspan.conf, environments/ and connections/, Development included."""

    def __init__(self, folder, plugins):
        self.folder = pathlib.Path(folder)
        self.file = self.folder / "linkspan.conf"
        self.environments = []
        self.host = {"name": "test", "definitions": ".", "state": "state",
                     "plugins": [str(plugins)], "socket": "run/linkspand.sock"}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment()

    def write(self, path, text):
        """A file of any content, relative to the folder."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def environment(self, name="Development", variables=None,
                    allow=("127.0.0.0/8", "::1/128"), **members):
        """Writes environments/NAME.conf and serves it; allow is its network.allow.

        What is saved is deployed at once, unless auto_deploy=False.
        """
        definition = {"name": name, "auto_deploy": True, "variables": variables or {},
                      "network": {"allow": list(allow)}, **members}
        if name not in self.environments:
            self.environments.append(name)
        self._write_host()
        return self.write(f"environments/{name}.conf",
                          f"environment: {libconfig(definition)};\n")

    def connection(self, name, project=None, environments=None, enabled=True, **settings):
        """Writes a webhook connection; environments maps names to what they override."""
        definition = {
            "name": name, "type": "webhook", "enabled": enabled,
            "settings": {"method": "POST", **settings},
            "environments": environments or {env: {} for env in self.environments}}
        folder = f"projects/{project}/connections" if project else "connections"
        return self.write(f"{folder}/{name}.conf", f"connection: {libconfig(definition)};\n")

    def set_host(self, **members):
        """Changes members of linkspan.conf."""
        self.host.update(members)
        self._write_host()

    def _write_host(self):
        host = {**self.host, "environments": self.environments}
        self.write("linkspan.conf", f"host: {libconfig(host)};\n")
