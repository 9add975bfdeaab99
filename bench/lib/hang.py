"""hang.py: a receiver that reads and never answers.  Prints its port; then, for each line on standard
input that holds a number, "reached" once so many requests hang."""

import asyncio
import resource
import sys

hanging = 0
more = None


class Peer(asyncio.Protocol):
    """A request that has its head counts; its body does not matter."""

    def __init__(self):
        self.seen = False

    def data_received(self, data):
        global hanging
        if not self.seen:
            self.seen = True
            hanging += 1
            more.set()


async def main():
    global more
    more = asyncio.Event()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Peer, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        while hanging < int(line):
            more.clear()
            await more.wait()
        print("reached", flush=True)


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
asyncio.run(main())
