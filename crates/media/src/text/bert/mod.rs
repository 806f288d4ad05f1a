//! A BERT encoder, forward only, in `f32`.
//!
//! ```text
//! x_i = LN(word[id_i] + position[i] + type[0])                                i = 0 .. n+1: [CLS], n pieces, [SEP]
//! each layer:  a = LN(x + O(softmax(Q K' / sqrt d) V))                        per head of width d = H / heads
//!              x = LN(a + W2 gelu(W1 a + b1) + b2)                            gelu with erf, not its tanh approximation
//! ```
//!
//! H: width of a state. Reads a model's folder as Hugging Face lays it out: `config.json`, `model.safetensors` and `vocab.txt` or
//! `tokenizer.json` (see [`wordpiece`](super::wordpiece)), of `model_type` `bert`: bert-base and bert-large, all-MiniLM, KR-BERT and
//! klue/bert. Others (RoBERTa shifts its positions, ALBERT shares its layers) are refused by their type.
//!
//! A transcript of more pieces than a chunk may hold is cut into `k = ceil(n / limit)` chunks of nearly equal size, in order: the
//! first `n mod k` chunks hold one piece more than the others, which hold `floor(n / k)`. Each chunk gets its own `[CLS]` and `[SEP]`, and
//! the vector is the mean over chunks weighted by their pieces (see [`pooling`]). Limit: positions of the model - 2,
//! thus 510, or less if asked; a cut may fall inside a word.
//!
//! Chunks are computed one by one without padding; a padded batch with its attention mask gives the same up to rounding (tested).
//! The same machine gives the same bytes. The matrix product picks its instructions by the processor, so that on another one the last
//! digits may differ.
//!
//! Source: Vaswani et al. 2017, Devlin et al. 2019; names of tensors and fields as in Hugging Face's files.

mod arithmetic;
mod config;
mod network;
mod weights;

pub use config::Config;

use std::path::{Path, PathBuf};

use evenhand_rows::digest::of_bytes;
use serde_json::{Value, json};

use super::pooling::{self, Pooling, WeightedMean};
use super::wordpiece::WordPiece;
use super::{Encoded, TextEncoder, files};
use crate::MediaError;
use network::Network;
use weights::Weights;

/// What a user may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BertOptions {
    /// How a chunk becomes one vector.
    pub pooling: Pooling,
    /// Most pieces of a chunk; `None`: as many as the model has positions, less the two special tokens.
    pub tokens_limit: Option<usize>,
}

/// A BERT encoder from a model's folder.
pub struct Bert {
    folder: PathBuf,
    weights_sha256: String,
    config: Config,
    words: WordPiece,
    network: Network,
    pooling: Pooling,
    limit: usize,
}

// The weights themselves would fill the screen.
impl std::fmt::Debug for Bert {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Bert")
            .field("folder", &self.folder)
            .field("config", &self.config)
            .field("words", &self.words)
            .field("pooling", &self.pooling)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

const WEIGHTS: &str = "model.safetensors";

impl Bert {
    /// Reads a model's folder.
    pub fn open(folder: &Path, options: BertOptions) -> Result<Self, MediaError> {
        let refuse =
            |path: &Path, problem: String, remedy: &str| MediaError::BadFile { path: path.to_owned(), problem, remedy: remedy.into() };
        if !folder.is_dir() {
            let problem = if folder.exists() { "is a file, not a folder" } else { "does not exist" };
            return Err(refuse(folder, problem.into(), "name the folder that holds config.json, model.safetensors and the vocabulary"));
        }
        let config_path = folder.join("config.json");
        let weights_path = folder.join(WEIGHTS);
        if !config_path.is_file() {
            return Err(refuse(&config_path, "does not exist".into(), "name the folder of a model in Hugging Face's layout"));
        }
        if !weights_path.is_file() {
            let remedy = if folder.join("pytorch_model.bin").exists() {
                "load the model with transformers once and save it with `save_pretrained`, which writes safetensors"
            } else if folder.join("model.safetensors.index.json").exists() {
                "the model is split over several files; save it with `save_pretrained(max_shard_size=\"100GB\")`"
            } else {
                "put the model's weights there"
            };
            return Err(refuse(&weights_path, "does not exist".into(), remedy));
        }
        let config = Config::read(&config_path)?;
        let most = config.positions - 2;
        let limit = options.tokens_limit.unwrap_or(most);
        if !(1..=most).contains(&limit) {
            return Err(MediaError::BadSetting {
                setting: "tokens_limit",
                value: limit.to_string(),
                expected: format!("from 1 to {most}, the model's positions less two"),
            });
        }
        let words = WordPiece::read(folder)?;
        if words.largest() as usize >= config.vocabulary {
            return Err(refuse(
                &folder.join(words.source()),
                format!("numbers its entries up to {}, and `vocab_size` in config.json is {}", words.largest(), config.vocabulary),
                "use vocabulary and model of the same origin",
            ));
        }
        let bytes = files::bytes(&weights_path)?;
        let network = Network::read(&Weights::open(&weights_path, &bytes)?, config)?;
        if options.pooling == Pooling::ClsPooler && !network.has_pooler() {
            return Err(refuse(
                &weights_path,
                "holds no `pooler.dense.weight`, which the pooling `cls-pooler` needs".into(),
                "choose the pooling `cls`, `mean` or `unit-mean`, or a model that was saved with its pooler",
            ));
        }
        let weights_sha256 = of_bytes(&bytes);
        Ok(Bert { folder: folder.to_owned(), weights_sha256, config, words, network, pooling: options.pooling, limit })
    }

    /// The model's sizes.
    pub fn config(&self) -> Config {
        self.config
    }

    /// The model's tokenizer.
    pub fn words(&self) -> &WordPiece {
        &self.words
    }
}

/// Sizes of the chunks of `tokens` pieces: as few as the limit allows, the larger ones first, none differing by more than 1.
pub fn chunk_sizes(tokens: usize, limit: usize) -> Vec<usize> {
    let chunks = tokens.div_ceil(limit.max(1));
    (0..chunks).map(|number| tokens / chunks + usize::from(number < tokens % chunks)).collect()
}

impl TextEncoder for Bert {
    fn id(&self) -> &'static str {
        "bert"
    }

    fn width(&self) -> usize {
        self.config.hidden
    }

    fn settings(&self) -> Value {
        // A folder such as `..` has a name only once resolved.
        let resolved = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let spelling = self.words.spelling();
        json!({
            "encoder": self.id(),
            "folder": resolved.file_name().map(|name| name.to_string_lossy().into_owned()),
            "weights_sha256": self.weights_sha256,
            "vocabulary": self.words.source(),
            "vocabulary_sha256": self.words.sha256(),
            "lowercase": spelling.lowercase,
            "strip_accents": spelling.strip_accents,
            "tokenize_chinese_chars": spelling.ideographs,
            "width": self.width(),
            "pooling": self.pooling.id(),
            "tokens_limit": self.limit,
            "chunks": "as few as the limit allows, nearly equal, mean weighted by tokens",
        })
    }

    fn encode(&self, text: &str) -> Result<Option<Encoded>, MediaError> {
        let ids = self.words.ids(text);
        if ids.is_empty() {
            return Ok(None);
        }
        let special = self.words.special();
        let sizes = chunk_sizes(ids.len(), self.limit);
        let mut over_chunks = WeightedMean::new(self.config.hidden);
        let mut rest = ids.as_slice();
        for size in &sizes {
            let (chunk, later) = rest.split_at(*size);
            rest = later;
            let mut framed = Vec::with_capacity(chunk.len() + 2);
            framed.push(special.start);
            framed.extend_from_slice(chunk);
            framed.push(special.end);
            let states = self.network.states(&framed);
            let vector = match self.pooling {
                // `open` refuses a model without pooler for this pooling.
                Pooling::ClsPooler => self.network.pooled(&states).unwrap_or_default(),
                Pooling::Cls => states[..self.config.hidden].to_vec(),
                Pooling::Mean | Pooling::UnitMean => pooling::mean(&states, self.config.hidden),
            };
            over_chunks.add(&vector, chunk.len() as f64);
        }
        let vector = over_chunks.finish(self.pooling == Pooling::UnitMean);
        if let Some(place) = vector.iter().position(|value| !value.is_finite()) {
            return Err(MediaError::BadFile {
                path: self.folder.join(WEIGHTS),
                problem: format!("gave a vector whose value {place} is no finite number"),
                remedy: "the weights are damaged or not a trained model's; fetch them again and compare their sha256".into(),
            });
        }
        let unknown = ids.iter().filter(|id| **id == special.unknown).count();
        Ok(Some(Encoded { vector, tokens: ids.len(), chunks: sizes.len(), unknown }))
    }
}

#[cfg(test)]
mod tests {
    use super::chunk_sizes;

    #[test]
    fn chunks_are_few_and_nearly_equal() {
        assert_eq!(chunk_sizes(0, 510), [0_usize; 0]);
        assert_eq!(chunk_sizes(510, 510), [510]);
        assert_eq!(chunk_sizes(511, 510), [256, 255]);
        assert_eq!(chunk_sizes(11, 4), [4, 4, 3]);
        for tokens in 1..200 {
            for limit in 1..50 {
                let sizes = chunk_sizes(tokens, limit);
                assert_eq!(sizes.iter().sum::<usize>(), tokens);
                assert!(sizes.len() == tokens.div_ceil(limit) && sizes.iter().all(|size| (1..=limit).contains(size)));
                assert!(sizes[0] - sizes[sizes.len() - 1] <= 1);
            }
        }
    }
}
