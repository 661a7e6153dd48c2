//! Instructions as bytes, with labels and a pool of constants.
//!
//! Constants lie before the code, so that an instruction's distance to them is
//! known when it is written.

use iced_x86::{Code, Encoder, Instruction, MemoryOperand, Register};
use rustc_hash::FxHashMap;

/// A place to jump to.
#[derive(Clone, Copy, Debug)]
pub struct Label(usize);

/// Bytes of the pool are counted from here; only distances matter.
const ORIGIN: u64 = 0x1_0000;

/// Code that is being written.
pub struct Assembler {
    encoder: Encoder,
    /// Constants, 8 bytes each.
    pool: Vec<u64>,
    used: usize,
    known: FxHashMap<Vec<u64>, u64>,
    /// The address of the next instruction.
    next: u64,
    labels: Vec<Option<u64>>,
    /// Where the distance of a jump stands, and where to.
    jumps: Vec<(u64, Label)>,
}

impl Assembler {
    /// With a pool that will have no more than this many constants.
    pub fn new(constants: usize) -> Assembler {
        let size = (constants as u64 * 8).next_multiple_of(64);
        Assembler {
            encoder: Encoder::new(64),
            pool: vec![0; size as usize / 8],
            used: 0,
            known: FxHashMap::default(),
            next: ORIGIN + size,
            labels: Vec::new(),
            jumps: Vec::new(),
        }
    }

    /// The bytes, and where in them the code begins.
    pub fn finish(mut self) -> (Vec<u8>, usize) {
        let start = self.pool.len() * 8;
        let mut bytes: Vec<u8> = self.pool.iter().flat_map(|c| c.to_le_bytes()).collect();
        bytes.extend(self.encoder.take_buffer());
        for (end, label) in self.jumps {
            let target = self.labels[label.0].expect("a label is placed before the code ends");
            let distance = (target.wrapping_sub(end) as i32).to_le_bytes();
            let at = (end - ORIGIN) as usize - 4;
            bytes[at..at + 4].copy_from_slice(&distance);
        }
        (bytes, start)
    }

    /// Appends an instruction.
    pub fn put(&mut self, instruction: &Instruction) {
        let length = self.encoder.encode(instruction, self.next);
        self.next += length.expect("the emitter makes valid instructions") as u64;
    }

    /// An instruction without operands.
    pub fn op0(&mut self, code: Code) {
        self.put(&Instruction::with(code));
    }

    /// Appends a jump or a call.
    pub fn jump(&mut self, code: Code, to: Label) {
        let i = Instruction::with_branch(code, self.next).expect("a branch");
        self.put(&i);
        self.jumps.push((self.next, to));
    }

    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// The label stands for the next instruction.
    pub fn bind(&mut self, label: Label) {
        self.labels[label.0] = Some(self.next);
    }

    /// Fills up to a multiple of 32 bytes, where loops are fetched best.
    pub fn align(&mut self) {
        while !self.next.is_multiple_of(32) {
            self.op0(Code::Nopd);
        }
    }

    /// A constant in memory; the operand is one number.
    pub fn constant(&mut self, bits: u64, broadcast: bool) -> MemoryOperand {
        let address = self.constants(&[bits]);
        relative(address, broadcast)
    }

    /// Several constants in memory, one after the other.
    pub fn constant_vector(&mut self, bits: &[u64]) -> MemoryOperand {
        let address = self.constants(bits);
        relative(address, false)
    }

    fn constants(&mut self, bits: &[u64]) -> u64 {
        if let Some(&found) = self.known.get(bits) {
            return found;
        }
        // A vector does not cross a line of the cache.
        let used = self.used.next_multiple_of(bits.len().next_power_of_two().min(8));
        self.pool[used..used + bits.len()].copy_from_slice(bits);
        self.used = used + bits.len();
        let address = ORIGIN + used as u64 * 8;
        self.known.insert(bits.to_vec(), address);
        address
    }
}

fn relative(address: u64, broadcast: bool) -> MemoryOperand {
    MemoryOperand::new(
        Register::RIP,
        Register::None,
        1,
        address as i64,
        8,
        broadcast,
        Register::None,
    )
}

/// `[base + offset]`
pub fn memory(base: Register, offset: i64, broadcast: bool) -> MemoryOperand {
    MemoryOperand::new(base, Register::None, 1, offset, 1, broadcast, Register::None)
}
