//! Reads a tokenizer from a model's folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use evenhand_rows::digest::of_bytes;
use serde_json::Value;

use super::{Special, Spelling, WordPiece};
use crate::MediaError;
use crate::text::files;

const CONFIG: &str = "tokenizer_config.json";
const WHOLE: &str = "tokenizer.json";
const LINES: &str = "vocab.txt";
const CASE_REMEDY: &str = "add `tokenizer_config.json` with {\"do_lower_case\": true} for an uncased model, false for a cased one";
const OTHER_TOKENIZER: &str = "use a BERT model with a WordPiece vocabulary, or the setting `encoder = \"hashed\"`";

/// A vocabulary file's content, before the special tokens are looked up.
struct Vocabulary {
    path: PathBuf,
    source: &'static str,
    sha256: String,
    entries: Vec<(String, u32)>,
    prefix: String,
    most_characters: usize,
    spelling: Option<PartialSpelling>,
}

/// What one file says about the spelling.
#[derive(Debug, Clone, Copy, Default)]
struct PartialSpelling {
    clean: Option<bool>,
    lowercase: Option<bool>,
    accents: Option<Accents>,
    ideographs: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
enum Accents {
    /// Written down as null: off where the model is lower-cased.
    AsCase,
    Strip,
    Keep,
}

impl Accents {
    fn from_flag(flag: Option<bool>) -> Self {
        match flag {
            None => Accents::AsCase,
            Some(true) => Accents::Strip,
            Some(false) => Accents::Keep,
        }
    }
}

impl WordPiece {
    /// Reads `tokenizer.json` or `vocab.txt`, and `tokenizer_config.json`, from a model's folder.
    pub fn read(folder: &Path) -> Result<Self, MediaError> {
        let config = Config::read(folder)?;
        let vocabulary = if folder.join(WHOLE).exists() { whole(folder.join(WHOLE))? } else { lines(folder.join(LINES))? };
        let spelling = config.spelling.over(vocabulary.spelling.unwrap_or_default()).finish(folder)?;
        build(vocabulary, spelling, &config)
    }
}

fn build(vocabulary: Vocabulary, spelling: Spelling, config: &Config) -> Result<WordPiece, MediaError> {
    let Vocabulary { path, source, sha256, entries, prefix, most_characters, .. } = vocabulary;
    let mut whole = HashMap::with_capacity(entries.len());
    let mut continued = HashMap::new();
    let (mut longest, mut largest) = (1, 0);
    for (entry, id) in entries {
        largest = largest.max(id);
        longest = longest.max(entry.chars().count());
        if let Some(rest) = entry.strip_prefix(&prefix).filter(|rest| !rest.is_empty()) {
            continued.insert(rest.into(), id);
        }
        whole.insert(entry.into_boxed_str(), id);
    }
    let find = |name: &str| {
        whole.get(name).copied().ok_or_else(|| MediaError::BadFile {
            path: path.clone(),
            problem: format!("holds no entry `{name}`"),
            remedy: "use the vocabulary that belongs to the model; other names of special tokens go into `tokenizer_config.json`".into(),
        })
    };
    let special = Special { unknown: find(&config.unknown)?, start: find(&config.start)?, end: find(&config.end)? };
    Ok(WordPiece { whole, continued, longest, largest, most_characters, special, spelling, source, sha256 })
}

fn lines(path: PathBuf) -> Result<Vocabulary, MediaError> {
    if !path.exists() {
        return Err(MediaError::BadFile {
            path,
            problem: "does not exist, and neither does `tokenizer.json`".into(),
            remedy: "put the model's `vocab.txt` or `tokenizer.json` into its folder".into(),
        });
    }
    let bytes = files::bytes(&path)?;
    let sha256 = of_bytes(&bytes);
    let text = files::text(&path, bytes)?;
    let entries = text.lines().zip(0..).map(|(line, id)| (line.to_owned(), id)).collect();
    Ok(Vocabulary { path, source: LINES, sha256, entries, prefix: "##".into(), most_characters: 100, spelling: None })
}

fn whole(path: PathBuf) -> Result<Vocabulary, MediaError> {
    let bytes = files::bytes(&path)?;
    let sha256 = of_bytes(&bytes);
    let file = files::json(&path, &bytes)?;
    let refuse = |problem: String| MediaError::BadFile { path: path.clone(), problem, remedy: OTHER_TOKENIZER.into() };
    let kind = |part: &str| file[part]["type"].as_str().map(str::to_owned);
    let model = &file["model"];
    // Old files leave the type out.
    let named = kind("model");
    if named.as_deref().is_some_and(|kind| kind != "WordPiece") || !model["vocab"].is_object() {
        return Err(refuse(format!("holds a tokenizer of type `{}`, not WordPiece", named.as_deref().unwrap_or("unknown"))));
    }
    if kind("pre_tokenizer").as_deref() != Some("BertPreTokenizer") {
        return Err(refuse(format!("splits words by `{}`, not as BERT does", kind("pre_tokenizer").as_deref().unwrap_or("nothing"))));
    }
    let spelling = match (kind("normalizer").as_deref(), &file["normalizer"]) {
        (Some("BertNormalizer"), normalizer) => {
            let flag = |name: &str| normalizer[name].as_bool();
            PartialSpelling {
                clean: flag("clean_text"),
                lowercase: flag("lowercase"),
                accents: Some(Accents::from_flag(flag("strip_accents"))),
                ideographs: flag("handle_chinese_chars"),
            }
        }
        (None, Value::Null) => {
            PartialSpelling { clean: Some(false), lowercase: Some(false), accents: Some(Accents::Keep), ideographs: Some(false) }
        }
        (kind, _) => return Err(refuse(format!("normalises by `{}`, not as BERT does", kind.unwrap_or("unknown")))),
    };
    let mut entries = Vec::new();
    for (entry, id) in model["vocab"].as_object().into_iter().flatten() {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| MediaError::BadFile {
            path: path.clone(),
            problem: format!("gives the entry `{entry}` no number from 0 to {}", u32::MAX),
            remedy: "use the file as it came with the model".into(),
        })?;
        entries.push((entry.clone(), id));
    }
    let prefix = model["continuing_subword_prefix"].as_str().unwrap_or("##").to_owned();
    let most_characters = model["max_input_chars_per_word"].as_u64().unwrap_or(100) as usize;
    Ok(Vocabulary { path, source: WHOLE, sha256, entries, prefix, most_characters, spelling: Some(spelling) })
}

/// What `tokenizer_config.json` says; all of it optional.
struct Config {
    spelling: PartialSpelling,
    unknown: String,
    start: String,
    end: String,
}

impl Config {
    fn read(folder: &Path) -> Result<Self, MediaError> {
        let path = folder.join(CONFIG);
        let file = if path.exists() { files::json(&path, &files::bytes(&path)?)? } else { Value::Object(serde_json::Map::new()) };
        if !file.is_object() {
            return Err(MediaError::BadFile {
                path,
                problem: "holds no JSON object".into(),
                remedy: "use the file as it came with the model".into(),
            });
        }
        if file["do_basic_tokenize"] == Value::Bool(false) {
            return Err(MediaError::BadFile {
                path,
                problem: "asks for `do_basic_tokenize` false, words without BERT's spelling".into(),
                remedy: OTHER_TOKENIZER.into(),
            });
        }
        let flag = |name: &str| -> Result<Option<bool>, MediaError> {
            match &file[name] {
                Value::Null => Ok(None),
                Value::Bool(value) => Ok(Some(*value)),
                other => Err(MediaError::BadFile {
                    path: path.clone(),
                    problem: format!("gives `{name}` as {other}"),
                    remedy: "write true, false or null".into(),
                }),
            }
        };
        // Either the word itself or an object that describes it.
        let name = |key: &str, usual: &str| {
            let token = &file[key];
            token.as_str().or(token["content"].as_str()).unwrap_or(usual).to_owned()
        };
        let accents = Accents::from_flag(flag("strip_accents")?);
        // A file that does not name them leaves them to the tokenizer's own file.
        let accents = file.get("strip_accents").map(|_| accents);
        let spelling =
            PartialSpelling { clean: None, lowercase: flag("do_lower_case")?, accents, ideographs: flag("tokenize_chinese_chars")? };
        let (unknown, start, end) = (name("unk_token", "[UNK]"), name("cls_token", "[CLS]"), name("sep_token", "[SEP]"));
        Ok(Config { spelling, unknown, start, end })
    }
}

impl PartialSpelling {
    fn over(self, other: PartialSpelling) -> PartialSpelling {
        PartialSpelling {
            clean: self.clean.or(other.clean),
            lowercase: self.lowercase.or(other.lowercase),
            accents: self.accents.or(other.accents),
            ideographs: self.ideographs.or(other.ideographs),
        }
    }

    fn finish(self, folder: &Path) -> Result<Spelling, MediaError> {
        let lowercase = self.lowercase.ok_or_else(|| MediaError::BadFile {
            path: folder.to_owned(),
            problem: "does not say whether the model is lower-cased".into(),
            remedy: CASE_REMEDY.into(),
        })?;
        Ok(Spelling {
            clean: self.clean.unwrap_or(true),
            ideographs: self.ideographs.unwrap_or(true),
            strip_accents: match self.accents {
                Some(Accents::Strip) => true,
                Some(Accents::Keep) => false,
                Some(Accents::AsCase) | None => lowercase,
            },
            lowercase,
        })
    }
}
