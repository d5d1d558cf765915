// NVM Express base specification 1.4: registers (3.1), queue entries (4.2, 4.6), commands (5 and 6); include/linux/nvme.h.

export const NVME_REG_CAP = 0x00;
export const NVME_REG_VS = 0x08;
export const NVME_REG_CC = 0x14;
export const NVME_REG_CSTS = 0x1c;
export const NVME_REG_AQA = 0x24;
export const NVME_REG_ASQ = 0x28;
export const NVME_REG_ACQ = 0x30;
export const NVME_REG_CMBSZ = 0x3c;
/** Doorbells: one pair of 32-bit registers for each queue (stride 0). */
export const NVME_REG_DBS = 0x1000;

export const NVME_CC_ENABLE = 0x1;
export const NVME_CC_SHN_NORMAL = 0x4000;
export const NVME_CC_SHN_MASK = 0xc000;
export const NVME_CSTS_RDY = 0x1;
export const NVME_CSTS_CFS = 0x2;
export const NVME_CSTS_SHST_CMPLT = 0x8;
export const NVME_CSTS_SHST_MASK = 0xc;

/** Bytes of a submission and of a completion queue entry. */
export const NVME_SQE_BYTES = 64;
export const NVME_CQE_BYTES = 16;

export const nvme_admin_opcode = {
  nvme_admin_delete_sq: 0x00,
  nvme_admin_create_sq: 0x01,
  nvme_admin_get_log_page: 0x02,
  nvme_admin_delete_cq: 0x04,
  nvme_admin_create_cq: 0x05,
  nvme_admin_identify: 0x06,
  nvme_admin_abort_cmd: 0x08,
  nvme_admin_set_features: 0x09,
  nvme_admin_get_features: 0x0a,
  nvme_admin_async_event: 0x0c,
} as const;

export const nvme_opcode = {
  nvme_cmd_flush: 0x00,
  nvme_cmd_write: 0x01,
  nvme_cmd_read: 0x02,
  nvme_cmd_compare: 0x05,
  nvme_cmd_write_zeroes: 0x08,
  nvme_cmd_dsm: 0x09,
} as const;

/** What an identify command asks for (CNS). */
export const nvme_id_cns = {
  NVME_ID_CNS_NS: 0x00,
  NVME_ID_CNS_CTRL: 0x01,
  NVME_ID_CNS_NS_ACTIVE_LIST: 0x02,
  NVME_ID_CNS_NS_DESC_LIST: 0x03,
  NVME_ID_CNS_CS_NS: 0x05,
  NVME_ID_CNS_CS_CTRL: 0x06,
  NVME_ID_CNS_NS_ACTIVE_LIST_CS: 0x07,
} as const;

export const NVME_FEAT_NUM_QUEUES = 0x07;
/** Queue memory is contiguous; a completion queue interrupts. */
export const NVME_QUEUE_PHYS_CONTIG = 1;
export const NVME_CQ_IRQ_ENABLED = 2;
