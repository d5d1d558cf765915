// Status field of a completion: code in bits 7:0, type in bits 10:8 (NVM Express 1.4, 4.6.1).

export const NVME_SUCCESS = 0x000;
export const NVME_INVALID_OPCODE = 0x001;
export const NVME_INVALID_FIELD = 0x002;
export const NVME_DATA_TRANSFER_ERROR = 0x004;
export const NVME_INVALID_NAMESPACE = 0x00b;
export const NVME_LBA_OUT_OF_RANGE = 0x080;
export const NVME_COMPARE_FAILURE = 0x285;

// Of single commands.
export const NVME_COMPLETION_QUEUE_INVALID = 0x100;
export const NVME_INVALID_QUEUE_ID = 0x101;
export const NVME_INVALID_QUEUE_SIZE = 0x102;
export const NVME_ASYNC_EVENT_LIMIT = 0x105;
export const NVME_INVALID_INTERRUPT_VECTOR = 0x108;
export const NVME_INVALID_LOG_PAGE = 0x109;
export const NVME_INVALID_QUEUE_DELETION = 0x10c;
export const NVME_FEATURE_NOT_SAVEABLE = 0x10d;
