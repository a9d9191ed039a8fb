//! SHA-256 over data as JSON, without holding the JSON: plans have thousands of tables.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The digest of `data`, in hex. Data whose keys are all texts: anything else has no JSON, and is told
/// apart up to there.
pub(crate) fn of(data: &impl Serialize) -> String {
    let mut writer = io::BufWriter::with_capacity(8 * 1024, Hasher(Sha256::new()));
    // Hashing cannot fail, and what is hashed here has texts as keys alone.
    let _ = serde_json::to_writer(&mut writer, data);
    let hasher = match writer.into_inner() {
        Ok(hasher) => hasher,
        Err(unwritten) => unwritten.into_inner().into_parts().0,
    };
    hex(&hasher.0.finalize())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

struct Hasher(Sha256);

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_that_others_compute() {
        // printf '["orders",1]' | sha256sum
        assert_eq!(
            of(&("orders", 1)),
            "06bd979a697b7d437b7623fd0415bac32f653769d90d89f20eddfca52990f8d3"
        );
    }
}
