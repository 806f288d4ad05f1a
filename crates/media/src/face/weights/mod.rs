//! MTCNN's weights: from the files of facenet-pytorch to one safetensors file.
//!
//! ```text
//! pnet.pt, rnet.pt, onet.pt  ->  sha256 compared with the released ones  ->  read as data  ->  shapes checked  ->  mtcnn.safetensors
//! ```
//!
//! The file holds 50 arrays of f32, named `pnet.`, `rnet.` or `onet.` and torch's name, in torch's order of axes ([`SHAPES`]): convolutions
//! `[outputs, inputs, height, width]`, dense layers `[outputs, inputs]` with inputs in the order (column, row, channel), PReLU slopes one per
//! channel; 495,850 numbers. Whatever order the networks want is made when they are loaded, so a file can be compared with its sources.
//! Metadata, under `evenhand`: a JSON text with the sha256 of each source, whether it is a released one, and the caution about the licence.
//!
//! Weights are never part of this program: the user obtains them and decides about their terms. Nothing in the source files is executed
//! ([`convert`] reads numbers, names and shapes and refuses everything else). A file with another sha256 than the released one is refused
//! unless asked for. The same sources give the same bytes; the file is written under a temporary name and renamed.

mod container;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use evenhand_data::whole;
use evenhand_rows::digest::of_bytes;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::json;

use self::container::Array;
use super::mtcnn::Arrays;
use crate::MediaError;

/// What is known about the terms of these weights; shown wherever they are converted.
pub const LICENCE_CAUTION: &str = "The code of facenet-pytorch is under the MIT licence. Its MTCNN weights were trained on WIDER FACE and CelebA, \
whose terms allow research only; authors of other distributions of such weights say that they should not be used for commercial purposes. \
Check with the holders of the rights before any use in hiring. Evenhand does not distribute these weights.";

/// Key of the JSON text in the file's metadata.
const KEY: &str = "evenhand";

/// Longest file that is read, in bytes; the real ones have 2 MB together.
const LONGEST: u64 = 64 << 20;

/// sha256 of the files that facenet-pytorch 2.6.0 carries.
const RELEASED: [(&str, &str); 3] = [
    ("pnet", "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f"),
    ("rnet", "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86"),
    ("onet", "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d"),
];

/// Name and shape of every array in the file.
pub const SHAPES: &[(&str, &[usize])] = &[
    ("onet.conv1.bias", &[32]),
    ("onet.conv1.weight", &[32, 3, 3, 3]),
    ("onet.conv2.bias", &[64]),
    ("onet.conv2.weight", &[64, 32, 3, 3]),
    ("onet.conv3.bias", &[64]),
    ("onet.conv3.weight", &[64, 64, 3, 3]),
    ("onet.conv4.bias", &[128]),
    ("onet.conv4.weight", &[128, 64, 2, 2]),
    ("onet.dense5.bias", &[256]),
    ("onet.dense5.weight", &[256, 1152]),
    ("onet.dense6_1.bias", &[2]),
    ("onet.dense6_1.weight", &[2, 256]),
    ("onet.dense6_2.bias", &[4]),
    ("onet.dense6_2.weight", &[4, 256]),
    ("onet.dense6_3.bias", &[10]),
    ("onet.dense6_3.weight", &[10, 256]),
    ("onet.prelu1.weight", &[32]),
    ("onet.prelu2.weight", &[64]),
    ("onet.prelu3.weight", &[64]),
    ("onet.prelu4.weight", &[128]),
    ("onet.prelu5.weight", &[256]),
    ("pnet.conv1.bias", &[10]),
    ("pnet.conv1.weight", &[10, 3, 3, 3]),
    ("pnet.conv2.bias", &[16]),
    ("pnet.conv2.weight", &[16, 10, 3, 3]),
    ("pnet.conv3.bias", &[32]),
    ("pnet.conv3.weight", &[32, 16, 3, 3]),
    ("pnet.conv4_1.bias", &[2]),
    ("pnet.conv4_1.weight", &[2, 32, 1, 1]),
    ("pnet.conv4_2.bias", &[4]),
    ("pnet.conv4_2.weight", &[4, 32, 1, 1]),
    ("pnet.prelu1.weight", &[10]),
    ("pnet.prelu2.weight", &[16]),
    ("pnet.prelu3.weight", &[32]),
    ("rnet.conv1.bias", &[28]),
    ("rnet.conv1.weight", &[28, 3, 3, 3]),
    ("rnet.conv2.bias", &[48]),
    ("rnet.conv2.weight", &[48, 28, 3, 3]),
    ("rnet.conv3.bias", &[64]),
    ("rnet.conv3.weight", &[64, 48, 2, 2]),
    ("rnet.dense4.bias", &[128]),
    ("rnet.dense4.weight", &[128, 576]),
    ("rnet.dense5_1.bias", &[2]),
    ("rnet.dense5_1.weight", &[2, 128]),
    ("rnet.dense5_2.bias", &[4]),
    ("rnet.dense5_2.weight", &[4, 128]),
    ("rnet.prelu1.weight", &[28]),
    ("rnet.prelu2.weight", &[48]),
    ("rnet.prelu3.weight", &[64]),
    ("rnet.prelu4.weight", &[128]),
];

/// One of the three files that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `pnet`, `rnet` or `onet`, told by the arrays inside.
    pub network: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Of its bytes.
    pub sha256: String,
    /// Whether that is the released file's.
    pub released: bool,
}

/// What [`convert`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The file that was written.
    pub out: PathBuf,
    /// sha256 of its bytes.
    pub sha256: String,
    /// Numbers in it.
    pub parameters: usize,
    /// P-, R-, O-Net.
    pub sources: Vec<Source>,
}

/// Converts `pnet.pt`, `rnet.pt` and `onet.pt`, given as three files in any order or as the folder that holds them.
///
/// A file whose sha256 is not the released one is refused unless `accept_unknown`; its shapes are checked either way.
pub fn convert(paths: &[PathBuf], out: &Path, accept_unknown: bool) -> Result<Converted, MediaError> {
    let files = match paths {
        [folder] if folder.is_dir() => RELEASED.iter().map(|(network, _)| folder.join(format!("{network}.pt"))).collect(),
        [_, _, _] => paths.to_vec(),
        _ => {
            return Err(MediaError::BadSetting {
                setting: "weights",
                value: format!("{} paths", paths.len()),
                expected: "the folder that holds pnet.pt, rnet.pt and onet.pt, or these three files".to_owned(),
            });
        }
    };
    let mut read = Vec::new();
    for path in files {
        read.push(source(path, accept_unknown)?);
    }
    let mut sources = Vec::new();
    let mut arrays = BTreeMap::new();
    for (network, _) in RELEASED {
        let place = read.iter().position(|(source, _)| source.network == network);
        let (source, found) = place.map(|place| read.swap_remove(place)).ok_or_else(|| MediaError::BadSetting {
            setting: "weights",
            value: format!("three files of which none holds {network}"),
            expected: "one file for each of pnet, rnet and onet".to_owned(),
        })?;
        sources.push(source);
        arrays.extend(found);
    }
    let about = json!({
        "content": "MTCNN weights, f32, torch's names and order of axes",
        "sources": sources
            .iter()
            .map(|source| json!({ "network": source.network, "sha256": source.sha256, "released": source.released }))
            .collect::<Vec<_>>(),
        "caution": LICENCE_CAUTION,
    });
    let bytes: Vec<(&String, &[usize], Vec<u8>)> = arrays
        .iter()
        .map(|(name, array)| (name, array.shape.as_slice(), array.values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let problem = |error: safetensors::SafeTensorError| MediaError::BadFile {
        path: out.to_owned(),
        problem: format!("cannot hold these arrays ({error})"),
        remedy: "report this with the versions of the source files".to_owned(),
    };
    let views = bytes
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(problem)?;
    // One entry only: the order of several would change from run to run.
    let whole = safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), about.to_string())]))).map_err(problem)?;
    write_whole(out, &whole)?;
    let parameters = arrays.values().map(|array| array.values.len()).sum();
    Ok(Converted { out: out.to_owned(), sha256: of_bytes(&whole), parameters, sources })
}

fn source(path: PathBuf, accept_unknown: bool) -> Result<(Source, BTreeMap<String, Array>), MediaError> {
    let bytes = read_limited(&path)?;
    let bad = |problem: String, remedy: &str| MediaError::BadFile { path: path.clone(), problem, remedy: remedy.to_owned() };
    let sha256 = of_bytes(&bytes);
    let released = RELEASED.iter().find(|(_, known)| *known == sha256).map(|(network, _)| *network);
    if released.is_none() && !accept_unknown {
        return Err(bad(
            format!("has the sha256 {sha256}, which no released file of facenet-pytorch has"),
            "take pnet.pt, rnet.pt and onet.pt from the facenet-pytorch package, or say that unknown weights are accepted",
        ));
    }
    let found = container::read(&bytes).map_err(|problem| {
        let remedy = "nothing in it was run; save the state dict with torch.save(..., _use_new_zipfile_serialization=False) or take \
                      the released file";
        bad(problem, remedy)
    })?;
    let other = "give the state dict of an MTCNN network of facenet-pytorch";
    let network = if found.contains_key("dense6_3.weight") {
        "onet"
    } else if found.contains_key("dense5_2.weight") {
        "rnet"
    } else if found.contains_key("conv4_2.weight") {
        "pnet"
    } else {
        return Err(bad("holds the weights of no MTCNN network".to_owned(), other));
    };
    let arrays: BTreeMap<String, Array> = found.into_iter().map(|(name, array)| (format!("{network}.{name}"), array)).collect();
    check(network, &arrays).map_err(|problem| bad(problem, other))?;
    Ok((Source { network, path, sha256, released: released == Some(network) }, arrays))
}

/// Every array of a network (of all for an empty prefix) is there, has its shape, and is finite; nothing else is.
fn check(network: &str, arrays: &BTreeMap<String, Array>) -> Result<(), String> {
    let expected = SHAPES.iter().filter(|(name, _)| name.starts_with(network));
    for (name, shape) in expected.clone() {
        let array = arrays.get(*name).ok_or_else(|| format!("lacks the array `{name}`"))?;
        if array.shape != *shape {
            return Err(format!("holds `{name}` with the shape {:?} instead of {shape:?}", array.shape));
        }
        if let Some(place) = array.values.iter().position(|value| !value.is_finite()) {
            return Err(format!("holds a number that is not finite (`{name}`, place {place})"));
        }
    }
    match arrays.keys().find(|name| !expected.clone().any(|(known, _)| known == name)) {
        Some(name) => Err(format!("holds the array `{name}`, which MTCNN does not have")),
        None => Ok(()),
    }
}

fn read_limited(path: &Path) -> Result<Vec<u8>, MediaError> {
    let failed = |source| MediaError::Io { action: "reading", path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(failed)?.len();
    if length > LONGEST {
        return Err(MediaError::BadFile {
            path: path.to_owned(),
            problem: format!("has {length} bytes, far more than MTCNN's weights"),
            remedy: "give the weights of MTCNN".to_owned(),
        });
    }
    std::fs::read(path).map_err(failed)
}

fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), MediaError> {
    whole::write(path, bytes).map_err(|source| MediaError::Io { action: "writing", path: path.to_owned(), source })
}

/// The converted file in memory.
#[derive(Debug)]
pub(super) struct Weights {
    arrays: BTreeMap<String, Array>,
    pub(super) sha256: String,
}

impl Weights {
    pub(super) fn read(path: &Path) -> Result<Self, MediaError> {
        let bytes = read_limited(path)?;
        let bad = |problem: String| MediaError::BadFile {
            path: path.to_owned(),
            problem,
            remedy: "make it from pnet.pt, rnet.pt and onet.pt of facenet-pytorch with the conversion of MTCNN's weights".to_owned(),
        };
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| bad(format!("is no safetensors file ({error})")))?;
        let mut arrays = BTreeMap::new();
        for (name, view) in tensors.iter() {
            if view.dtype() != Dtype::F32 {
                return Err(bad(format!("holds `{name}` as {:?}, not F32", view.dtype())));
            }
            let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            arrays.insert(name.to_owned(), Array { shape: view.shape().to_vec(), values });
        }
        check("", &arrays).map_err(bad)?;
        Ok(Weights { arrays, sha256: of_bytes(&bytes) })
    }
}

impl Arrays for Weights {
    fn values(&self, name: &str) -> (&[usize], &[f32]) {
        let array = &self.arrays[name];
        (&array.shape, &array.values)
    }
}
