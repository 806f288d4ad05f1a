//! Tensors of a safetensors file, by the names that BERT models use, as `f32`.
//!
//! Names may carry one prefix (`bert.` in models with a head); layer norms may call their parameters `gamma` and `beta`, as the first
//! BERT did. f32, f16 and bf16 are read; the computation is f32 in any case.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use crate::MediaError;

const ANCHOR: &str = "embeddings.word_embeddings.weight";
const AS_IT_CAME: &str = "use `config.json` and `model.safetensors` of the same model";

/// An opened file.
#[derive(Debug)]
pub(super) struct Weights<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
    prefix: String,
}

impl<'a> Weights<'a> {
    pub(super) fn open(path: &'a Path, bytes: &'a [u8]) -> Result<Self, MediaError> {
        let refuse = |problem: String, remedy: &str| MediaError::BadFile { path: path.to_owned(), problem, remedy: remedy.to_owned() };
        let file = SafeTensors::deserialize(bytes).map_err(|error| {
            refuse(format!("is no complete safetensors file ({} bytes): {error}", bytes.len()), "fetch it again and compare its sha256")
        })?;
        let mut prefixes: Vec<String> = file.names().into_iter().filter_map(|name| name.strip_suffix(ANCHOR)).map(str::to_owned).collect();
        prefixes.sort();
        match prefixes.as_slice() {
            [prefix] => {
                let prefix = prefix.clone();
                Ok(Weights { path, file, prefix })
            }
            [] => Err(refuse(format!("holds no tensor `{ANCHOR}`"), AS_IT_CAME)),
            several => {
                let problem = format!("holds {} encoders (prefixes `{}`)", several.len(), several.join("`, `"));
                Err(refuse(problem, "save the one to use alone"))
            }
        }
    }

    /// Whether there is a tensor of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.file.tensor(&format!("{}{name}", self.prefix)).is_ok()
    }

    /// The tensor of that name, which must have that shape.
    pub(super) fn read(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, MediaError> {
        self.either(&[name.to_owned()], shape)
    }

    /// Weight and bias of a layer norm.
    pub(super) fn norm(&self, name: &str, width: usize) -> Result<(Vec<f32>, Vec<f32>), MediaError> {
        let either = |new: &str, old: &str| self.either(&[format!("{name}.{new}"), format!("{name}.{old}")], &[width]);
        Ok((either("weight", "gamma")?, either("bias", "beta")?))
    }

    fn either(&self, names: &[String], shape: &[usize]) -> Result<Vec<f32>, MediaError> {
        let refuse = |problem: String, remedy: &str| MediaError::BadFile { path: self.path.to_owned(), problem, remedy: remedy.to_owned() };
        let found = names.iter().map(|name| format!("{}{name}", self.prefix)).find_map(|name| Some((self.file.tensor(&name).ok()?, name)));
        let Some((tensor, name)) = found else {
            return Err(refuse(format!("holds no tensor `{}{}`", self.prefix, names.join("` or `")), AS_IT_CAME));
        };
        if tensor.shape() != shape {
            return Err(refuse(format!("holds `{name}` of shape {:?}, and `config.json` asks for {shape:?}", tensor.shape()), AS_IT_CAME));
        }
        let data = tensor.data();
        let values: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Dtype::F16 => data.as_chunks().0.iter().map(|bytes| from_half(u16::from_le_bytes(*bytes))).collect(),
            // The upper half of an f32.
            Dtype::BF16 => data.as_chunks().0.iter().map(|bytes| f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16)).collect(),
            other => {
                return Err(refuse(format!("holds `{name}` as {other:?}"), "save the model in F32, F16 or BF16, not quantised"));
            }
        };
        // One such number in a query or a key would only make the attention wrong, and nothing downstream would tell.
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let problem = format!("holds a number that is not finite (`{name}`, place {place})");
            return Err(refuse(problem, "fetch it again and compare its sha256"));
        }
        Ok(values)
    }
}

/// An IEEE half: 1 sign, 5 exponent, 10 mantissa bits.
fn from_half(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let (sign, exponent, mantissa) = ((bits & 0x8000) << 16, (bits >> 10) & 0x1f, bits & 0x3ff);
    match exponent {
        // Subnormal: mantissa 2^-24, exact in f32.
        0 => f32::from_bits(sign | (mantissa as f32 * 2.0_f32.powi(-24)).to_bits()),
        31 => f32::from_bits(sign | 0x7f80_0000 | (mantissa << 13)),
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (mantissa << 13)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_its_value() {
        for bits in 0..=u16::MAX {
            let (sign, exponent, mantissa) = (f64::from(bits >> 15), i32::from((bits >> 10) & 31), f64::from(bits & 1023));
            let magnitude = match exponent {
                0 => mantissa / 1024.0 * 2.0_f64.powi(-14),
                31 if mantissa == 0.0 => f64::INFINITY,
                31 => {
                    assert!(from_half(bits).is_nan());
                    continue;
                }
                _ => (1.0 + mantissa / 1024.0) * 2.0_f64.powi(exponent - 15),
            };
            assert_eq!(f64::from(from_half(bits)), if sign == 1.0 { -magnitude } else { magnitude });
        }
    }
}
