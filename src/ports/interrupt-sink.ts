/** Takes the interrupts that a hypervisor delivers to VPs: an APIC vector on x64, an INTID on arm64. */
export interface InterruptSink {
  interrupt(vp: number, vector: number): void;
}
