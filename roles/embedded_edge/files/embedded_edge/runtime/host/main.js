// SPDX-License-Identifier: GPL-3.0-or-later
// The host Worker: the only static code in workerd. The classes are what deployed Workers get as bindings.

export { default } from "./front.js";
export { Control } from "./control.js";
export { KvNamespace } from "./kv.js";
export { Outbound } from "./outbound.js";
export { StoredSecret } from "./secret.js";
export { ServiceBinding } from "./service.js";
export { Tail } from "./tail.js";
