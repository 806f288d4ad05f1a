//! The tensors of recorded interviews: one file for a whole folder of them, read record by record.
//!
//! ```text
//! magic "evenhand"  | version u32 | header length u32 | header: JSON { shape, records } | zeros up to a multiple of 64
//! record 0          | record 1    | ...                 all of one size, each starting at a multiple of 64
//! ```
//!
//! A record's bytes are those of [`evenhand_rows::recordings`]. Numbers are little-endian. Sizes and alignment allow the file to be mapped into memory; this crate reads records by position
//! instead: resident memory stays flat whatever the number of candidates, and a file that shrinks under a running program is an error
//! with a message, not a signal.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use evenhand_rows::RowsError;
use evenhand_rows::recordings::ALIGNMENT;
pub use evenhand_rows::recordings::{Modality, Record, RecordSource, Recording, Recordings, Shape};
use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::whole::WholeFile;

const MAGIC: &[u8; 8] = b"evenhand";
const VERSION: u32 = 1;
/// Bytes of a header beyond which it is damaged; a real one has about a hundred.
const HEADER_LIMIT: usize = 1 << 16;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    shape: Shape,
    records: usize,
}

/// Writes a file of records, which appears whole or not at all.
#[derive(Debug)]
pub struct RecordWriter {
    path: PathBuf,
    file: BufWriter<WholeFile>,
    header: Header,
    written: usize,
}

impl RecordWriter {
    /// Begins a file for this many records.
    pub fn create(path: &Path, shape: Shape, records: usize) -> Result<Self, DataError> {
        if !shape.is_plausible() {
            return Err(bad(path, oversized(&shape)));
        }
        let failed = write_failed(path);
        let mut file = BufWriter::new(WholeFile::create(path).map_err(&failed)?);
        let header = Header { shape, records };
        let text = serde_json::to_string(&header).map_err(|error| failed(std::io::Error::other(error)))?;
        let length = MAGIC.len() + 8 + text.len();
        let mut bytes = Vec::with_capacity(length.next_multiple_of(ALIGNMENT));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.resize(length.next_multiple_of(ALIGNMENT), 0);
        file.write_all(&bytes).map_err(&failed)?;
        Ok(RecordWriter { path: path.to_owned(), file, header, written: 0 })
    }

    /// Adds the bytes of the next record, as [`Recording::to_bytes`] or [`RecordStore::read`] gave them.
    pub fn push(&mut self, record: &[u8]) -> Result<(), DataError> {
        if record.len() != self.header.shape.stride() || self.written == self.header.records {
            return Err(bad(&self.path, "was given a record too many or of another shape".to_owned()));
        }
        self.written += 1;
        self.file.write_all(record).map_err(write_failed(&self.path))
    }

    /// Puts the file in its place.
    pub fn finish(self) -> Result<(), DataError> {
        if self.written != self.header.records {
            return Err(bad(&self.path, format!("was given {} of {} records", self.written, self.header.records)));
        }
        let failed = write_failed(&self.path);
        let file = self.file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.finish().map_err(failed)
    }
}

fn write_failed(path: &Path) -> impl Fn(std::io::Error) -> DataError + use<> {
    let path = path.display().to_string();
    move |source| DataError::Write { path: path.clone(), source }
}

fn bad(path: &Path, problem: String) -> DataError {
    unusable(path, problem).into()
}

fn unusable(path: &Path, problem: String) -> RowsError {
    RowsError::BadRecordings { path: path.display().to_string(), problem }
}

fn oversized(shape: &Shape) -> String {
    format!(
        "records of {} segments with {} frames of {} x {} pixels and {} audio features, and a text vector of {}, cannot be kept: a record \
         needs something to hold and at most 1 GiB; extract fewer or smaller frames",
        shape.segments, shape.per_segment, shape.side, shape.side, shape.audio, shape.text
    )
}

/// A file that threads read beside each other: by position where the system can, else one after the other.
#[cfg(unix)]
type SharedFile = File;
#[cfg(not(unix))]
type SharedFile = std::sync::Mutex<File>;

#[cfg(unix)]
fn read_at(file: &SharedFile, buffer: &mut [u8], position: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, position)
}

#[cfg(not(unix))]
fn read_at(file: &SharedFile, buffer: &mut [u8], position: u64) -> std::io::Result<()> {
    use std::io::{Seek, SeekFrom};
    let mut file = file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(SeekFrom::Start(position))?;
    file.read_exact(buffer)
}

#[derive(Debug)]
enum Place {
    /// A file, its first record's offset.
    File(SharedFile, PathBuf, u64),
    Memory(Vec<u8>),
}

/// All records of a file, or of a corpus that was made up in memory.
#[derive(Debug)]
pub struct RecordStore {
    shape: Shape,
    records: usize,
    place: Place,
    /// sha256 of the content; empty where nobody asked for it.
    digest: String,
}

impl RecordStore {
    /// Opens a file and checks its header and length.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let read = |source| DataError::Read { path: path.display().to_string(), source };
        let mut file = File::open(path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len();
        let mut start = [0; 16];
        if length < start.len() as u64 {
            return Err(bad(path, "is too short to hold recordings; extract again".to_owned()));
        }
        file.read_exact(&mut start).map_err(read)?;
        if &start[..8] != MAGIC {
            return Err(bad(path, "does not hold recordings; name the folder that `evenhand extract` wrote".to_owned()));
        }
        let word = |place: usize| u32::from_le_bytes([start[place], start[place + 1], start[place + 2], start[place + 3]]);
        if word(8) != VERSION {
            return Err(bad(path, format!("has format version {}, this program reads {VERSION}; extract again", word(8))));
        }
        let mut text = vec![0; (word(12) as usize).min(length as usize - start.len()).min(HEADER_LIMIT)];
        file.read_exact(&mut text).map_err(read)?;
        let header: Header =
            serde_json::from_slice(&text).map_err(|error| bad(path, format!("has a damaged header ({error}); extract again")))?;
        if !header.shape.is_plausible() || u32::try_from(header.records).is_err() {
            return Err(bad(path, "has a header with sizes out of range; extract again".to_owned()));
        }
        let offset = (start.len() + text.len()).next_multiple_of(ALIGNMENT) as u64;
        // At most 2^32 records of 2^30 bytes.
        let wanted = offset + header.records as u64 * header.shape.stride() as u64;
        if length != wanted {
            return Err(bad(
                path,
                format!("has {length} bytes where its header asks for {wanted}; it was cut off or edited: extract again"),
            ));
        }
        #[cfg(not(unix))]
        let file = std::sync::Mutex::new(file);
        let place = Place::File(file, path.to_owned(), offset);
        Ok(RecordStore { shape: header.shape, records: header.records, place, digest: String::new() })
    }

    /// The same with the sha256 of its file, so that whoever keeps work on these recordings can tell them from others.
    #[must_use]
    pub fn with_digest(self, sha256: String) -> Self {
        RecordStore { digest: sha256, ..self }
    }

    /// Records that stand in memory, one after the other.
    pub fn in_memory(shape: Shape, recordings: &[Recording]) -> Result<Self, DataError> {
        if !shape.is_plausible() {
            return Err(bad(Path::new("in memory"), oversized(&shape)));
        }
        let mut bytes = Vec::with_capacity(recordings.len() * shape.stride());
        for recording in recordings {
            bytes.extend(recording.to_bytes(&shape)?);
        }
        let digest = crate::digest::of_bytes(&bytes);
        Ok(RecordStore { shape, records: recordings.len(), place: Place::Memory(bytes), digest })
    }
}

impl RecordSource for RecordStore {
    fn shape(&self) -> Shape {
        self.shape
    }

    fn len(&self) -> usize {
        self.records
    }

    fn digest(&self) -> &str {
        &self.digest
    }

    /// # Panics
    /// When there is no such record.
    fn read<'a>(&self, record: usize, buffer: &'a mut Vec<u8>) -> Result<Record<'a>, RowsError> {
        let read = self.start_of(record, self.shape.stride(), buffer)?;
        self.finite(record, read)
    }

    /// # Panics
    /// When there is no such record.
    fn read_without_frames<'a>(&self, record: usize, buffer: &'a mut Vec<u8>) -> Result<Record<'a>, RowsError> {
        let read = self.start_of(record, self.shape.frames_start(), buffer)?;
        self.finite(record, read.without(Modality::Video))
    }

    /// Reads four bytes.
    fn presence(&self, record: usize) -> Result<[bool; 3], RowsError> {
        let mut buffer = Vec::new();
        let record = self.start_of(record, 4, &mut buffer)?;
        Ok(Modality::ALL.map(|modality| record.has(modality)))
    }
}

impl RecordStore {
    /// The first bytes of a record.
    fn start_of<'a>(&self, record: usize, length: usize, buffer: &'a mut Vec<u8>) -> Result<Record<'a>, RowsError> {
        assert!(record < self.records, "record {record} of {}", self.records);
        let stride = self.shape.stride();
        match &self.place {
            Place::Memory(bytes) => {
                buffer.clear();
                buffer.extend_from_slice(&bytes[record * stride..record * stride + length]);
            }
            Place::File(file, path, offset) => {
                buffer.resize(length, 0);
                let position = offset + record as u64 * stride as u64;
                read_at(file, buffer, position)
                    .map_err(|error| RowsError::UnreadableRecords { path: path.display().to_string(), reason: error.to_string() })?;
            }
        }
        Ok(Record::new(self.shape, buffer))
    }

    /// Refuses a record of a file with numbers that the extraction never writes; one such number makes every score of a batch NaN.
    fn finite<'a>(&self, number: usize, record: Record<'a>) -> Result<Record<'a>, RowsError> {
        let Place::File(_, path, _) = &self.place else { return Ok(record) };
        let odd = |modality: Modality, mut values: &mut dyn Iterator<Item = f32>| {
            let value = Iterator::find(&mut values, |value| !value.is_finite())?;
            Some(format!(
                "record {number} (column `record` of the candidates) holds {value} in its {}; the file was damaged: extract again or \
                 restore it from a copy",
                modality.name()
            ))
        };
        match odd(Modality::Audio, &mut record.audio()).or_else(|| odd(Modality::Text, &mut record.text())) {
            Some(problem) => Err(unusable(path, problem)),
            None => Ok(record),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn shape() -> Shape {
        Shape { segments: 2, per_segment: 1, side: 2, audio: 3, text: 2 }
    }

    fn recording(seed: u8) -> Recording {
        Recording {
            video: Some(((0..24_u8).map(|place| place * seed).collect(), vec![true, seed.is_multiple_of(2)])),
            audio: Some((0..6_u8).map(|place| f32::from(place) - f32::from(seed)).collect()),
            text: (seed > 1).then(|| vec![0.5, f32::from(seed)]),
        }
    }

    #[test]
    fn records_come_back_from_a_file_and_from_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tensors");
        let recordings = [recording(1), recording(2), Recording::default()];
        let mut writer = RecordWriter::create(&path, shape(), 3).unwrap();
        for recording in &recordings {
            writer.push(&recording.to_bytes(&shape()).unwrap()).unwrap();
        }
        writer.finish().unwrap();
        let mut buffer = Vec::new();
        for store in [RecordStore::open(&path).unwrap(), RecordStore::in_memory(shape(), &recordings).unwrap()] {
            assert_eq!((store.len(), store.shape()), (3, shape()));
            for (place, recording) in recordings.iter().enumerate() {
                assert_eq!(store.read(place, &mut buffer).unwrap().to_recording(), *recording);
            }
            let record = store.read(1, &mut buffer).unwrap();
            assert_eq!(record.frame(1, 0)[..3], [24, 26, 28]);
            assert!(record.found(0, 0) && record.found(1, 0) && record.has(Modality::Text));
            let rows = Recordings::new(Arc::new(store), vec![2, 0, 0]).select(&[1, 2]);
            assert_eq!(rows.read(1, &mut buffer).unwrap().to_recording(), recordings[0]);
            let deaf = rows.without(Modality::Audio);
            let wanted = Recording { audio: None, ..recordings[0].clone() };
            assert_eq!(deaf.read(1, &mut buffer).unwrap().to_recording(), wanted);
            assert_eq!(deaf.modalities(), [Modality::Video, Modality::Text]);
        }
    }

    #[test]
    fn a_part_of_a_record_can_be_read_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tensors");
        let recordings = [recording(1), Recording { audio: None, ..recording(2) }];
        let mut writer = RecordWriter::create(&path, shape(), 2).unwrap();
        for recording in &recordings {
            writer.push(&recording.to_bytes(&shape()).unwrap()).unwrap();
        }
        writer.finish().unwrap();
        let mut buffer = Vec::new();
        for store in [RecordStore::open(&path).unwrap(), RecordStore::in_memory(shape(), &recordings).unwrap()] {
            let rows = Recordings::new(Arc::new(store), vec![1, 0]);
            assert_eq!((rows.presence(0).unwrap(), rows.presence(1).unwrap()), ([true, false, true], [true, true, false]));
            assert_eq!(rows.without(Modality::Video).presence(1).unwrap(), [false, true, false]);
            let wanted = Recording { video: None, ..recordings[0].clone() };
            let read = rows.read_without_frames(1, &mut buffer).unwrap();
            assert_eq!(read.to_recording(), wanted);
            assert!(!read.found(0, 0));
            let read = rows.without(Modality::Audio).read_without_frames(1, &mut buffer).unwrap();
            assert_eq!(read.to_recording(), Recording::default());
            // 4 bytes of presence, 2 of faces, 2 of filling, 24 of audio and 8 of text of the 64 that a record takes.
            assert_eq!(buffer.len(), 40);
        }
    }

    #[test]
    fn threads_that_read_beside_each_other_get_their_own_records() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tensors");
        let mut writer = RecordWriter::create(&path, shape(), 9).unwrap();
        (1..10).for_each(|seed| writer.push(&recording(seed).to_bytes(&shape()).unwrap()).unwrap());
        writer.finish().unwrap();
        let store = RecordStore::open(&path).unwrap();
        std::thread::scope(|scope| {
            for seed in 1..10_u8 {
                let store = &store;
                scope.spawn(move || {
                    let mut buffer = Vec::new();
                    (0..50).for_each(|_| {
                        assert_eq!(store.read(seed as usize - 1, &mut buffer).unwrap().to_recording(), recording(seed));
                    });
                });
            }
        });
    }

    #[test]
    fn sizes_out_of_range_and_numbers_that_are_none_are_refused() {
        let wide = Shape { segments: 1 << 16, per_segment: 1 << 16, side: 1 << 16, audio: 1 << 16, text: 1 << 16 };
        let refused = [
            wide,
            Shape { segments: usize::MAX, ..shape() },
            Shape { segments: 0, ..shape() },
            Shape { per_segment: 0, ..shape() },
            Shape { segments: 1000, per_segment: 30, side: 112, ..shape() },
            Shape { segments: 2, per_segment: 2, side: 0, audio: 0, text: 0 },
        ];
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tensors");
        let written = |shape: Shape, records: usize, body: &[u8]| {
            let text = serde_json::to_string(&Header { shape, records }).unwrap();
            let mut bytes = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
            bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
            bytes.extend_from_slice(body);
            std::fs::write(&path, bytes).unwrap();
            RecordStore::open(&path)
        };
        for shape in refused {
            let shown = written(shape, 1, &[]).unwrap_err().to_string();
            assert!(shown.contains("sizes out of range; extract again"), "{shape:?}: {shown}");
            assert!(RecordWriter::create(&path, shape, 1).unwrap_err().to_string().contains("at most 1 GiB"), "{shape:?}");
            assert!(RecordStore::in_memory(shape, &[]).unwrap_err().to_string().contains("at most 1 GiB"), "{shape:?}");
        }
        assert!(written(shape(), usize::MAX, &[]).unwrap_err().to_string().contains("sizes out of range"));
        assert!(written(shape(), u32::MAX as usize, &[]).unwrap_err().to_string().contains("cut off or edited"));
        // Without frames it does not matter how many of them a segment would have.
        assert!(Shape { per_segment: 0, side: 0, ..shape() }.is_plausible());

        let mut body = recording(2).to_bytes(&shape()).unwrap();
        let text = shape().text_start();
        body[text..text + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        let store = written(shape(), 1, &body).unwrap();
        let mut buffer = Vec::new();
        for read in [store.read(0, &mut buffer).map(|_| ()), store.read_without_frames(0, &mut Vec::new()).map(|_| ())] {
            let shown = read.unwrap_err().to_string();
            assert!(shown.contains(&path.display().to_string()) && shown.contains("record 0"), "{shown}");
            assert!(shown.contains("holds inf in its text") && shown.contains("extract again"), "{shown}");
        }
        let header = u32::MAX.to_le_bytes();
        let mut endless = std::fs::read(&path).unwrap();
        endless[12..16].copy_from_slice(&header);
        std::fs::write(&path, endless).unwrap();
        assert!(RecordStore::open(&path).unwrap_err().to_string().contains("damaged header"));
    }

    #[test]
    fn a_damaged_file_and_a_misfit_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tensors");
        let mut writer = RecordWriter::create(&path, shape(), 1).unwrap();
        writer.push(&recording(1).to_bytes(&shape()).unwrap()).unwrap();
        writer.finish().unwrap();
        let whole = std::fs::read(&path).unwrap();
        let refusal = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            RecordStore::open(&path).unwrap_err().to_string()
        };
        assert!(refusal(&whole[..whole.len() - 1]).contains("cut off"));
        assert!(refusal(b"PAR1aaaaaaaaaaaaaaaaaaaaaaaaaaaaa").contains("does not hold recordings"));
        assert!(refusal(b"even").contains("too short"));
        let mut newer = whole;
        newer[8] = 9;
        assert!(refusal(&newer).contains("format version 9"));
        let wrong = Recording { audio: Some(vec![0.0; 5]), ..Recording::default() };
        assert!(wrong.to_bytes(&shape()).unwrap_err().to_string().contains("audio has 5 values"));
        let nan = Recording { text: Some(vec![0.0, f32::NAN]), ..Recording::default() };
        assert!(nan.to_bytes(&shape()).unwrap_err().to_string().contains("not finite"));
    }
}
