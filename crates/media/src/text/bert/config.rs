//! `config.json` of a model, checked against what this encoder computes.

use std::path::Path;

use serde_json::Value;

use crate::MediaError;
use crate::text::{MOST_WIDTH, files};

/// Sizes of a BERT encoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Config {
    /// Values of a state, H.
    pub hidden: usize,
    /// Encoder layers.
    pub layers: usize,
    /// Attention heads; H is a multiple.
    pub heads: usize,
    /// Values between the two products of a layer's second half.
    pub intermediate: usize,
    /// Rows of the word embedding.
    pub vocabulary: usize,
    /// Rows of the position embedding: the most tokens of a chunk with its two special ones.
    pub positions: usize,
    /// Rows of the type embedding; only the first is used.
    pub types: usize,
    /// Added to the variance in every layer norm.
    pub epsilon: f32,
}

impl Config {
    /// Reads and checks the file.
    pub fn read(path: &Path) -> Result<Self, MediaError> {
        Config::from_json(path, &files::json(path, &files::bytes(path)?)?)
    }

    fn from_json(path: &Path, file: &Value) -> Result<Self, MediaError> {
        let refuse = |problem: String, remedy: &str| MediaError::BadFile { path: path.to_owned(), problem, remedy: remedy.to_owned() };
        let as_it_came = "use the file as it came with the model";
        if !file.is_object() {
            return Err(refuse("holds no JSON object".into(), as_it_came));
        }
        match file["model_type"].as_str() {
            Some("bert") => {}
            Some(other) => {
                return Err(refuse(
                    format!("describes a model of type `{other}`"),
                    "only `bert` is computed here; choose a BERT model (bert-base, MiniLM, KR-BERT) or the setting `encoder = \"hashed\"`",
                ));
            }
            // Files from before the field existed name the class.
            None if file["architectures"][0].as_str().is_some_and(|class| class.starts_with("Bert")) => {}
            None => return Err(refuse("gives no `model_type`".into(), "add \"model_type\": \"bert\" if the model is a BERT")),
        }
        let must_be = |key: &str, allowed: &Value, missing_is_fine: bool| match &file[key] {
            Value::Null if missing_is_fine => Ok(()),
            found if found == allowed => Ok(()),
            found => Err(refuse(
                format!("gives `{key}` as {found}, and only {allowed} is computed here"),
                "choose a model that was trained with that",
            )),
        };
        must_be("hidden_act", &Value::from("gelu"), false)?;
        must_be("position_embedding_type", &Value::from("absolute"), true)?;
        must_be("is_decoder", &Value::from(false), true)?;
        must_be("add_cross_attention", &Value::from(false), true)?;
        let within = |key: &str, least: usize, most: usize| match file[key].as_u64() {
            Some(value) if (least as u64..=most as u64).contains(&value) => Ok(value as usize),
            _ => Err(refuse(format!("gives `{key}` as {}, not as a whole number from {least} to {most}", file[key]), as_it_came)),
        };
        let count = |key: &str, least: usize| within(key, least, 1 << 24);
        let epsilon = match &file["layer_norm_eps"] {
            // BERT's own files say nothing; its code says this.
            Value::Null => 1e-12,
            value => value
                .as_f64()
                .filter(|epsilon| (0.0..1.0).contains(epsilon))
                .ok_or_else(|| refuse(format!("gives `layer_norm_eps` as {value}, not as a number from 0 up to 1"), as_it_came))?,
        };
        let config = Config {
            hidden: within("hidden_size", 1, MOST_WIDTH)?,
            layers: count("num_hidden_layers", 1)?,
            heads: count("num_attention_heads", 1)?,
            intermediate: count("intermediate_size", 1)?,
            vocabulary: count("vocab_size", 1)?,
            positions: count("max_position_embeddings", 3)?,
            types: count("type_vocab_size", 1)?,
            epsilon: epsilon as f32,
        };
        if !config.hidden.is_multiple_of(config.heads) {
            let problem = format!("gives `hidden_size` {}, no multiple of `num_attention_heads` {}", config.hidden, config.heads);
            return Err(refuse(problem, as_it_came));
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "model_type": "bert", "hidden_act": "gelu", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
            "intermediate_size": 32, "vocab_size": 100, "max_position_embeddings": 40, "type_vocab_size": 2, "layer_norm_eps": 1e-12
        })
    }

    fn read(file: &Value) -> Result<Config, String> {
        Config::from_json(Path::new("m/config.json"), file).map_err(|error| error.to_string())
    }

    #[test]
    fn every_mistake_has_its_message() {
        assert_eq!(read(&good()).unwrap().heads, 2);
        for (key, value, expected) in [
            ("model_type", json!("roberta"), "type `roberta`"),
            ("model_type", Value::Null, "no `model_type`"),
            ("hidden_act", json!("gelu_new"), "`hidden_act` as \"gelu_new\", and only \"gelu\""),
            ("hidden_act", Value::Null, "`hidden_act` as null"),
            ("position_embedding_type", json!("relative_key"), "`position_embedding_type` as \"relative_key\""),
            ("is_decoder", json!(true), "`is_decoder` as true"),
            ("hidden_size", Value::Null, "`hidden_size` as null"),
            ("hidden_size", json!(65_537), "from 1 to 65536"),
            ("hidden_size", json!(15), "`hidden_size` 15, no multiple of `num_attention_heads` 2"),
            ("num_attention_heads", json!(0), "`num_attention_heads` as 0"),
            ("vocab_size", json!(-1), "`vocab_size` as -1"),
            ("intermediate_size", json!("32"), "`intermediate_size` as \"32\""),
            ("max_position_embeddings", json!(2), "from 3 to"),
            ("layer_norm_eps", json!("x"), "`layer_norm_eps` as \"x\""),
        ] {
            let mut file = good();
            file[key] = value;
            let message = read(&file).unwrap_err();
            assert!(message.starts_with("`m/config.json` ") && message.contains(expected) && message.contains("; "), "{key}: {message}");
        }
        assert!(read(&json!([1])).unwrap_err().contains("no JSON object"));
        let mut old = good();
        old["model_type"] = Value::Null;
        old["architectures"] = json!(["BertForMaskedLM"]);
        old["layer_norm_eps"] = Value::Null;
        assert_eq!(read(&old).unwrap().epsilon, 1e-12);
    }
}
