// Everything that runs anywhere.

export * from './abi.js';
export * from './capture.js';
export * from './export.js';
export * from './files.js';
export * from './guest.js';
export * from './hypercall.js';
export * from './hypervisor.js';
export * from './layout.js';
export * from './memory.js';
export * from './rig.js';
export * from './ring.js';
export * from './vsp.js';
