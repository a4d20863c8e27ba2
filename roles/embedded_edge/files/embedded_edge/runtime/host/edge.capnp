# SPDX-License-Identifier: GPL-3.0-or-later
# What workerd serves. Everything that changes (routes, versions, code, data) is asked from the
# internal application, so this file never does. Sockets come in as file descriptors; the one
# address is relative to the state directory, which is the process's working directory.
using Workerd = import "/workerd/workerd.capnp";

const edge :Workerd.Config = (
  services = .services,
  sockets = [
    (name = "http", service = "host", http = ()),
    (name = "control", service = (name = "host", entrypoint = "Control"), http = ()),
  ],
);

const checker :Workerd.Config = (
  services = .services,
  sockets = [(name = "control", service = (name = "host", entrypoint = "Control"), http = ())],
);

const services :List(Workerd.Service) = [
  (name = "host", worker = .host),
  (name = "internal", external = (address = "unix:internal.sock", http = ())),
  (name = "internet", network = (allow = ["127.0.0.0/8", "::1/128"])),
];

const host :Workerd.Worker = (
  compatibilityDate = "2026-06-01",
  compatibilityFlags = ["experimental"],
  modules = [
    (name = "main.js", esModule = embed "main.js"),
    (name = "front.js", esModule = embed "front.js"),
    (name = "control.js", esModule = embed "control.js"),
    (name = "load.js", esModule = embed "load.js"),
    (name = "kv.js", esModule = embed "kv.js"),
    (name = "outbound.js", esModule = embed "outbound.js"),
    (name = "secret.js", esModule = embed "secret.js"),
    (name = "service.js", esModule = embed "service.js"),
    (name = "tail.js", esModule = embed "tail.js"),
    (name = "inside.txt", text = embed "inside.js"),
  ],
  bindings = [
    (name = "LOADER", workerLoader = ()),
    (name = "INTERNAL", service = "internal"),
    (name = "LOOPBACK", service = "internet"),
  ],
);
