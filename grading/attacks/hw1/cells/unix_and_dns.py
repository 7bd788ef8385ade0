"""Talk to others on the same machine: names, unix and abstract sockets, netlink, descriptors sent to a friend."""

# %%
import socket

talks = []


def attempt(talk):
    try:
        talks.append(talk())
    except (OSError, AttributeError):
        pass


def unix(address):
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1)
        line.connect(address)
        return line.recv(100)


def pass_on():
    ours, theirs = socket.socketpair()
    socket.send_fds(ours, [b"the grader's line"], [3])
    return socket.recv_fds(theirs, 100, 1)


attempt(lambda: socket.getaddrinfo("solutions.example.org", 80))
for address in ("/run/dbus/system_bus_socket", "/var/run/docker.sock", "\0dgm", "/tmp/.X11-unix/X0"):
    attempt(lambda: unix(address))
attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
attempt(lambda: socket.fromfd(3, socket.AF_UNIX, socket.SOCK_STREAM).getpeername())
attempt(pass_on)
