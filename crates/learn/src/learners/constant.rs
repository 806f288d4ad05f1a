//! One score for everybody: the answer to rows that all carry the same label.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::LearnError;
use crate::rows::Candidates;
use crate::scorer::{Fitted, Loader, Manifest, Prediction, read_json, write_json};

const FILE: &str = "constant.json";

/// One score for everybody.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) columns: usize,
    pub(crate) score: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    score: f64,
}

impl Constant {
    pub(crate) const LOADER: Loader = Loader { name: "constant", load: Self::load };

    fn load(folder: &Path, manifest: &Manifest) -> Result<Box<dyn Fitted>, LearnError> {
        let path = folder.join(FILE);
        let Kept { score } = read_json(&path)?;
        if !(0.0..=1.0).contains(&score) {
            return Err(LearnError::BadFile {
                path,
                problem: format!("holds the score {score}"),
                remedy: "scores lie in [0, 1]; train again or restore it from a copy",
            });
        }
        Ok(Box::new(Constant { columns: manifest.columns(), score }))
    }
}

impl Fitted for Constant {
    fn name(&self) -> &'static str {
        Self::LOADER.name
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
        Ok(Prediction { scores: vec![self.score; candidates.features.rows()], ..Prediction::default() })
    }

    fn save(&self, folder: &Path) -> Result<(), LearnError> {
        write_json(&folder.join(FILE), &Kept { score: self.score })
    }
}
