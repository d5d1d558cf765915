import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vmbusVersions } from '../../../src/abi/vmbus/protocol.js';
import { bytesToHex, hexToBytes } from '../../../src/bytes/hex.js';
import { FakeHostPort } from '../../support/fake-host-port.js';
import { readProjectText } from '../../support/project.js';
import { EchoDevice } from './echo-device.js';
import { TestGuest } from './test-guest.js';

const vectors = suite('VMBus server: vectors of OpenVMM');

interface ParseVectors {
  matrix: Record<string, Record<string, [number, string][]>>;
}

const { matrix } = JSON.parse(readProjectText('fixtures', 'vectors', 'vmbus-parse.json')) as ParseVectors;
const HOST_ONLY: ReadonlySet<number> = new Set([1, 2, 4, 6, 10, 12, 15, 17, 20, 23, 24, 26, 28]);
/** All features that a server of ours grants: the rows with all features ask for more than that only at 0x2 and 0x10. */
const GRANTED = 0x25;

for (const [type, versions] of Object.entries(matrix))
  vectors(`message type ${type}: taken and dropped by version and length as there`, () => {
    for (const [name, steps] of Object.entries(versions))
      for (let length = 8; length <= 240; length += 4) {
        const expected = steps.filter(([from]) => from <= length).at(-1)![1];
        const guest = guestIn(name);
        const bytes = new Uint8Array(length);
        bytes[0] = Number(type);
        guest.post(bytes);
        assert.equal(parseDrops(guest), dropsOf(Number(type), expected), `${name}, ${length} bytes`);
      }
  });

function guestIn(name: string): TestGuest {
  const guest = new TestGuest({}, new FakeHostPort({ memoryBytes: 4096 }));
  if (name === 'None') return guest;
  const version = vmbusVersions.find(({ openvmm }) => name.startsWith(openvmm) && matches(name, openvmm))!.version;
  guest.contact(
    version,
    name.endsWith('_all') ? { features: GRANTED } : version < 0x50000 ? { interruptPage: 0n } : {},
  );
  guest.forget();
  return guest;
}

function matches(name: string, openvmm: string): boolean {
  return name === openvmm || name === `${openvmm}_all` || name === `${openvmm}_noflags`;
}

/** What the parser dropped; messages that parse may be dropped for their contents. */
function parseDrops(guest: TestGuest): string[] {
  return guest.drops().filter((drop) => /(TooSmall|Invalid|WrongDirection)$/.test(drop));
}

function dropsOf(type: number, expected: string): string[] {
  if (expected === 'Invalid' || expected === 'TooSmall') {
    // Ours tells the direction first.
    if (expected === 'TooSmall' && HOST_ONLY.has(type)) return [`${type} WrongDirection`];
    return [`${type} ${expected}`];
  }
  return HOST_ONLY.has(type) ? [`${type} WrongDirection`] : [];
}

vectors('fewer bytes than a header', () => {
  for (let length = 0; length < 8; length++) {
    const guest = new TestGuest();
    guest.post(new Uint8Array(length).fill(14, 0, 1));
    assert.match(guest.drops().join(), / TooSmall$/);
  }
});

interface MessageVectors {
  messages: { msg: string; hex: string }[];
}

const { messages } = JSON.parse(readProjectText('fixtures', 'vectors', 'vmbus-messages.json')) as MessageVectors;
const hexOf = (name: string): string => messages.find(({ msg }) => msg === name)!.hex;

/** What the host sends after `act`, in hex. */
const SENT: Record<string, (guest: TestGuest) => void> = {
  VersionResponse: (guest) => guest.contact(0x50003),
  OfferChannel: (guest) => {
    guest.contact(0x50003);
    guest.plain(3);
    guest.port.messages.pop();
  },
  OpenResult: (guest) => {
    guest.connect();
    guest.gpadl(5, 0xe1e10, [16, 17, 18, 19]);
    const open = hexToBytes(hexOf('OpenChannel'));
    // The vector's rings are larger than what is handed over here.
    new DataView(open.buffer).setUint32(24, 2, true);
    new DataView(open.buffer).setUint32(20, 0, true);
    guest.post(open);
  },
  RescindChannelOffer: (guest) => {
    guest.connect();
    offered(guest).rescind();
  },
  ModifyChannelResponse: (guest) => {
    guest.connect();
    guest.openRings(5, 16);
    guest.modify(5, 1);
  },
  UnloadComplete: (guest) => {
    guest.connect();
    guest.post(hexToBytes(hexOf('Unload')));
  },
};

const devices = new WeakMap<TestGuest, ReturnType<TestGuest['server']['offer']>>();
const offered = (guest: TestGuest) => devices.get(guest)!;

class VectorDevice extends EchoDevice {
  override readonly instanceId = '11223344-5566-7788-99aa-bbccddeeff00';
  override readonly mmioMegabytes = 3;
}

for (const [name, act] of Object.entries(SENT))
  vectors(`${name} in its bytes`, () => {
    const guest = new TestGuest({ relids: { first: 5, step: 1 } });
    devices.set(guest, guest.server.offer(new VectorDevice(0, { flags: 1 })));
    act(guest);
    assert.is(bytesToHex(guest.port.messages.at(-1)!.payload), hexOf(name));
  });

vectors('a contact of 6.0 with a client id is read as it is written', () => {
  const guest = new TestGuest({}, undefined);
  guest.post(hexToBytes(hexOf('InitiateContact2')), 4);
  assert.equal(guest.hear(), [], 'the VP of the vector is not there');
  assert.equal(
    [guest.server.connection?.version, guest.server.connection?.features, guest.server.connection?.vp],
    [0x60000, 0x2d, 3],
  );
});

vectors.run();
