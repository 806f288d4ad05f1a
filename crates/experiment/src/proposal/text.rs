//! The proposed recipe as a text with comments.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use evenhand_data::table::TableSettings;

use super::Proposal;

/// Fewer rows are tested in folds, so that each is tested once.
const FEW_ROWS: usize = 2000;
/// With more rows a tenth is enough to test.
const MANY_ROWS: usize = 50_000;

/// The share of the rows that a part of the proposed split tests.
pub(super) fn tested(rows: usize) -> f64 {
    if rows > MANY_ROWS { 0.1 } else { 0.2 }
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for sign in text.chars() {
        match sign {
            '"' | '\\' => quoted.extend(['\\', sign]),
            sign if sign.is_control() => _ = write!(quoted, "\\u{:04X}", sign as u32),
            sign => quoted.push(sign),
        }
    }
    quoted.push('"');
    quoted
}

fn quoted_list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    format!("[{}]", texts.into_iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// A comment may hold no sign that ends its line.
fn comment(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

/// Adds `key = value` with what it says behind it.
fn key(text: &mut String, key: &str, value: &str, says: &str) {
    let _ = writeln!(text, "{:<32} # {says}", format!("{key} = {value}"));
}

impl Proposal {
    /// The recipe as a commented text; `file` as it is named from the recipe's folder, `settings` as it was read.
    pub fn recipe(&self, file: &str, settings: &TableSettings) -> String {
        let mut text = format!(
            "# Proposed by `evenhand init` from {} rows. Every line may be changed; `evenhand catalog recipe` explains all keys.\n",
            self.rows
        );
        let title = Path::new(file).file_stem().map_or_else(|| file.to_owned(), |stem| stem.to_string_lossy().into_owned());
        key(&mut text, "name", &quoted(&title), "heading of the report");
        key(&mut text, "seeds", "[0, 1, 2]", "every method is trained once a seed");
        text.push_str("\n[data]\n");
        key(&mut text, "loader", "\"table\"", "a file of your own");
        key(&mut text, "files", &format!("[{}]", quoted(file)), "paths start at this file's folder");
        self.reading_keys(&mut text, settings);
        for (role, column, says) in [
            ("person", &self.person, "one person never stands in training and test"),
            ("job", &self.job, "the job that a candidate stands for"),
            ("weight", &self.weight, "how much a row counts"),
        ] {
            if let Some(column) = column {
                key(&mut text, role, &quoted(column), says);
            }
        }
        self.input_keys(&mut text);
        text.push_str("\n[data.label]\n");
        key(&mut text, "column", &quoted(&self.label.column), "what the scorer learns");
        if !self.label.favourable.is_empty() {
            key(&mut text, "favourable", &quoted_list(&self.label.favourable), "1, every other decided value 0");
        }
        if let Some((low, high)) = self.label.range {
            key(&mut text, "range", &format!("[{low:?}, {high:?}]"), "lowest and highest possible label");
        }
        for role in &self.sensitive {
            text.push_str("\n[[data.sensitive]]\n");
            key(&mut text, "name", &quoted(&role.name), "in the report; the methods act on the first attribute");
            match role.columns.as_slice() {
                [only] => key(&mut text, "column", &quoted(only), "never an input"),
                several => key(&mut text, "columns", &quoted_list(several), "their intersection; never inputs"),
            }
            if let Some(rule) = &role.rule {
                key(&mut text, "rule", &quoted(rule), "two groups");
            }
        }
        self.training_keys(&mut text);
        text
    }

    /// What is no input, and why; what is.
    fn input_keys(&self, text: &mut String) {
        if !self.excluded.is_empty() {
            text.push_str("# No inputs; take a name off the list to let the scorer read it:\n");
            for found in &self.excluded {
                let _ = writeln!(text, "#   {}: {}", comment(&found.column), comment(&found.reason));
            }
        }
        let _ = writeln!(text, "exclude = {}", quoted_list(self.excluded.iter().map(|found| &found.column)));
        if !self.left_out.is_empty() {
            text.push_str(
                "# Left out, as they identify a person or may stand for a group; name one under `include` to let the scorer read it:\n",
            );
            for found in &self.left_out {
                let _ = writeln!(text, "#   {}: {}", comment(&found.column), comment(&found.reason));
            }
        }
        text.push_str("include = []\n");
        let _ = writeln!(text, "# Inputs: {}", comment(&self.inputs.join(", ")));
        if !self.told.is_empty() {
            text.push_str("# How well the inputs tell the groups (ROC AUC, 0.5 is not at all):\n");
            for told in &self.told {
                let _ = writeln!(text, "#   {}", comment(&told.line()));
            }
        }
    }

    /// Keys for what the reader was told, so that the recipe reads the same rows.
    fn reading_keys(&self, text: &mut String, settings: &TableSettings) {
        let file = &settings.file;
        let words = [
            ("separator", file.separator.map(|separator| separator.word().to_owned())),
            ("worksheet", file.worksheet.clone()),
            ("encoding", file.encoding.map(|encoding| encoding.word().to_owned())),
            ("decimal", file.decimal.map(|sign| if sign == ',' { "comma" } else { "point" }.to_owned())),
        ];
        for (word, value) in words {
            if let Some(value) = value {
                key(text, word, &quoted(&value), "how the file is read");
            }
        }
        if let Some(lines) = file.skip_lines {
            key(text, "skip_lines", &lines.to_string(), "lines above the header");
        }
        if !self.missing.is_empty() {
            key(text, "missing", &quoted_list(&self.missing), "texts that mean \"missing\", beside the usual ones");
        }
        let mut filter: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
        for (column, value) in &settings.filter {
            filter.entry(column).or_default().push(value);
        }
        if !filter.is_empty() {
            let rules = filter.into_iter().map(|(column, values)| format!("{} = {}", quoted(column), quoted_list(values)));
            key(text, "where", &format!("{{ {} }}", rules.collect::<Vec<_>>().join(", ")), "rows to keep");
        }
        let mut rules: BTreeMap<&String, Vec<String>> = BTreeMap::new();
        for (column, from, to) in &self.categories {
            rules.entry(column).or_default().push(format!("{} = {}", quoted(from), quoted(to)));
        }
        if !rules.is_empty() {
            let rules = rules.into_iter().map(|(column, rules)| format!("{} = {{ {} }}", quoted(column), rules.join(", ")));
            key(text, "categories", &format!("{{ {} }}", rules.collect::<Vec<_>>().join(", ")), "texts that stand for others");
        }
    }

    /// Split, network, training and methods, by how many rows there are.
    fn training_keys(&self, text: &mut String) {
        text.push_str("\n[split]\n");
        if self.rows < FEW_ROWS {
            key(text, "kind", "\"k-fold\"", "few rows: each is tested once a seed");
            key(text, "folds", "5", "as many fits a seed and method");
            key(text, "validation_share", "0.2", "of the other rows; chooses the epoch");
        } else {
            let rest = (1.0 - 2.0 * tested(self.rows)) * 10.0;
            let share = tested(self.rows);
            key(text, "kind", "\"hold-out\"", "rows are drawn by seed");
            key(text, "shares", &format!("[{}, {share}, {share}]", rest.round() / 10.0), "training, validation (chooses the epoch), test");
        }
        text.push_str("\n[model]\n");
        key(text, "hidden", "[32]", "one layer of so many units");
        text.push_str("\n[training]\n");
        key(text, "epochs", "40", "at most so many passes over the training rows");
        let batch = if self.rows > MANY_ROWS { "512" } else { "64" };
        key(text, "batch_size", batch, "rows a step");
        key(text, "learning_rate", "0.005", "length of a step");
        key(text, "patience", "10", "ends after so many epochs without a gain on validation rows");
        let limited = self.sensitive.first().map_or("rank-spdd".to_owned(), |role| quoted(&format!("rank-spdd@{}", comment(&role.name))));
        text.push_str("\n# [limits]\n");
        key(text, &format!("# {limited}"), &self.limit().to_string(), "a limit of your own: exit code 1 where it is breached");
        text.push_str("\n[[method]]\n");
        key(text, "name", "\"vanilla\"", "the scorer as it comes out, beside which the next one stands");
        key(text, "objective", "\"vanilla\"", "prediction alone");
        text.push_str("\n[[method]]\n");
        key(text, "name", "\"wasserstein\"", "trained towards score distributions that are alike");
        key(text, "objective", "\"wasserstein\"", "its weight `lambda_w` has a default; a sweep finds the one for these rows");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_a_text_of_toml() {
        for text in ["plain", "a \"b\" \\ 'c'", "two\nlines\u{7f}", "it's € ñ", "# no comment", ""] {
            let read: toml::Table = toml::from_str(&format!("{} = {}", quoted(text), quoted(text))).unwrap();
            assert_eq!(read.get(text).and_then(toml::Value::as_str), Some(text));
        }
    }
}
