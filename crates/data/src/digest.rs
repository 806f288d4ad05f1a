//! sha256 of files, as provenance and `fetch` write it down.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use evenhand_rows::digest::{hexadecimal, of_bytes};
use sha2::{Digest, Sha256};

/// Size and sha256 of a file, read piece by piece.
pub fn of_file(path: &Path) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let bytes = add_file(&mut hash, path)?;
    Ok((bytes, hexadecimal(hash)))
}

/// Adds the content of a file to a hash, piece by piece, and gives its size.
pub fn add_file(hash: &mut Sha256, path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 18];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => {
                hash.update(&buffer[..count]);
                bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_vector_comes_out() {
        let wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_bytes(b"abc"), wanted);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"abc").unwrap();
        assert_eq!(of_file(file.path()).unwrap(), (3, wanted.to_owned()));
    }
}
