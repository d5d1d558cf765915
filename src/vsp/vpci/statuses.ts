// NTSTATUS values of answers. MS-ERREF 2.3.1 names them all; those of OpenVMM's vpci_protocol are SUCCESS, REVISION_MISMATCH,
// BAD_DATA and NOT_SUPPORTED.

export const STATUS_SUCCESS = 0;
/** A version that the host does not speak: the guest may ask for another. */
export const STATUS_REVISION_MISMATCH = 0xc0000059;
/** A message that cannot be read, or whose contents cannot be. */
export const STATUS_BAD_DATA = 0xc000090b;
export const STATUS_NOT_SUPPORTED = 0xc00000bb;
/** A parameter that can be read but not be granted: a configuration window that is not device space. */
export const STATUS_INVALID_PARAMETER = 0xc000000d;
/** A message at the wrong moment. */
export const STATUS_INVALID_DEVICE_STATE = 0xc0000184;
/** Another open bus of the machine has a function of the same logical device id. */
export const STATUS_OBJECT_NAME_COLLISION = 0xc0000035;
