"""A Valkey Cluster of three nodes on local ports, for tests."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from launcher.valkey import program
from tests.running_site import free_port
from tests.servers import make_data_dir

SLOTS = 16_384


class ValkeyCluster:
    """Three primaries without replicas; `url` names the first only, which knows the others."""

    def __init__(self) -> None:
        self.folder = make_data_dir("cluster")
        self.ports = [free_port() for _ in range(3)]
        self._bus_ports = {port: free_port() for port in self.ports}
        self.url = f"redis-cluster://127.0.0.1:{self.ports[0]}"
        self.processes: dict[int, subprocess.Popen] = {}

    def start_node(self, port: int) -> None:
        folder = self.folder / str(port)
        folder.mkdir(exist_ok=True)
        options = {
            "port": port,
            "cluster-port": self._bus_ports[port],
            "bind": "127.0.0.1",
            "save": "",
            "loglevel": "warning",
        }
        options |= {"cluster-enabled": "yes", "cluster-node-timeout": 1000, "maxmemory": "64mb"}
        words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
        self.processes[port] = subprocess.Popen(
            [str(program()), *words], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def start(self) -> None:
        """Start the nodes, give each a third of the slots, introduce them to one another, and wait until they agree."""
        for port in self.ports:
            self.start_node(port)
        nodes = [self.node(port) for port in self.ports]
        wait_for(lambda: all(node.ping() for node in nodes))
        bounds = [SLOTS * at // 3 for at in range(4)]
        for at, node in enumerate(nodes):
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", bounds[at], bounds[at + 1] - 1)
            node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", at + 1)
        for node in nodes[1:]:
            node.execute_command("CLUSTER", "MEET", "127.0.0.1", self.ports[0], self._bus_ports[self.ports[0]])
        wait_for(lambda: all(_is_complete(node) for node in nodes))

    def node(self, port: int) -> redis.Redis:
        return redis.Redis(port=port)

    def entries(self) -> list[int]:
        """Return the number of keys on each node."""
        return [int(self.node(port).dbsize()) for port in self.ports]

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _is_complete(node: redis.Redis) -> bool:
    found = bytes(node.execute_command("CLUSTER", "INFO"))
    return b"cluster_state:ok" in found and b"cluster_known_nodes:3" in found


def wait_for(condition, timeout_seconds: float = 20) -> None:
    """Wait until `condition` returns True; an error of a connection counts as False."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            if condition():
                return
        except redis.ConnectionError:
            pass
        assert time.monotonic() < deadline, "waited for too long"
        time.sleep(0.03)


@contextmanager
def valkey_cluster() -> Iterator[ValkeyCluster]:
    cluster = ValkeyCluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
