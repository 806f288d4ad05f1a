//! Every key of a recipe, for `docs/recipes.md` and `evenhand catalog recipe`.
//!
//! The table stands beside the types that read recipes; tests hold the two together: each section's keys are those that its type knows, and
//! the defaults are those that an empty section gets.

use std::fmt::Write as _;

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Name.
    pub name: &'static str,
    /// Default as TOML; `-` where the key must be given, and empty where leaving it out has a meaning of its own, which `purpose` tells.
    pub default: &'static str,
    /// What it may hold.
    pub allowed: &'static str,
    /// What it does.
    pub purpose: &'static str,
}

/// A section of a recipe.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Heading as it stands in the file; empty for the keys above the first heading.
    pub heading: &'static str,
    /// What it settles.
    pub purpose: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
}

const fn key(name: &'static str, default: &'static str, allowed: &'static str, purpose: &'static str) -> Key {
    Key { name, default, allowed, purpose }
}

/// All sections, in the order of a recipe.
pub const SECTIONS: &[Section] = &[
    Section {
        heading: "",
        purpose: "What the experiment is.",
        keys: &[
            key("name", "-", "text", "heading of the report"),
            key("description", "\"\"", "text", "what the experiment asks, in a sentence or two"),
            key("seeds", "[0]", "different whole numbers", "one run of every method per seed (times folds)"),
            key(
                "methods",
                "[]",
                "\"all\", or families: \"objectives\", \"rebalancers\", \"synthesisers\", \"repairs\", \"re-rankers\"",
                "methods of the registries beside those under [[method]], each by itself with its defaults; one that cannot work on the rows is told with its reason and is no error",
            ),
            key("judge", "\"value\"", "\"value\", \"interval\"", "what [limits] are judged by: the numbers, or their whole intervals"),
        ],
    },
    Section {
        heading: "[data]",
        purpose: "Which rows, and the roles of their columns. Corpora know their roles; `table` (your own files) and `interviews` are told.",
        keys: &[
            key("loader", "-", "an id, or { id = \"…\", parameter = … }", "the corpus, or `table` for files of your own"),
            key("files", "[]", "paths or globs", "files of the loader `table`; relative paths start at the recipe's folder"),
            key("folder", "", "path", "folder of the corpus; left out: where `evenhand fetch` puts it, or `--data`"),
            key("seed", "0", "whole number", "seed of generated corpora"),
            key("attributes", "[]", "names", "sensitive attributes to measure; the methods act on the first; [] takes all that are known"),
            key(
                "sensitive_as_features",
                "false",
                "false, true, \"groups\"",
                "whether sensitive attributes are inputs as well: their columns, or their groups",
            ),
            key("features", "", "column names", "inputs of the model; left out: every column without another role"),
            key("exclude", "[]", "column names", "columns that are no inputs (ids, free text)"),
            key(
                "include",
                "[]",
                "column names",
                "columns of your own table that are inputs though they identify a person or may stand for a group; left out otherwise: names, e-mails, telephone numbers, postcodes, addresses, dates, ids, free text",
            ),
            key("label", "", "table, see [data.label]", "the truth that the scorer learns"),
            key("targets", "[]", "column names", "further truths in [0, 1] that a network of recordings learns beside the label"),
            key("sensitive", "[]", "tables, see [[data.sensitive]]", "sensitive attributes"),
            key("person", "", "column name", "id of the person: one person never stands on both sides of a split"),
            key("job", "", "column name", "id of the job that a candidate stands for"),
            key("weight", "", "column name", "sample weight, at least 0"),
            key("types", "{}", "{ column = \"numeric\" or \"categorical\" }", "types that overrule the inferred ones"),
            key("missing", "[]", "texts", "texts that mean \"missing\", beside the empty field, NaN, N/A, NA, null, -, #N/A and (blank)"),
            key("categories", "{}", "{ column = { from = \"to\" } }", "texts of groups and labels that stand for others"),
            key("where", "{}", "{ column = \"value\" or [values] }", "rows to keep; all columns must hold"),
            key(
                "separator",
                "",
                "\"comma\", \"semicolon\", \"tab\", \"pipe\", \"blank\", or the sign",
                "sign between the fields of text files; left out: found by the rows",
            ),
            key("skip_lines", "", "a whole number", "lines above the header; left out: found by the rows"),
            key("worksheet", "", "name", "worksheet of a workbook; left out: the first that holds rows"),
            key(
                "encoding",
                "",
                "\"utf-8\", \"utf-16le\", \"utf-16be\", \"windows-1252\"",
                "encoding of text files; left out: found by the bytes",
            ),
            key("decimal", "", "\"point\", \"comma\"", "sign before decimals of text files; left out: found by the numbers"),
        ],
    },
    Section {
        heading: "[data.label]",
        purpose: "The truth: 0/1, true/false, a number in [0, 1], or a column with a favourable value.",
        keys: &[
            key("column", "-", "column name", "its column"),
            key(
                "favourable",
                "",
                "a value of the column, or several",
                "become 1, every other value 0; left out: the column holds 0/1, words of a known pair, or numbers in [0, 1] or in the range",
            ),
            key("undecided", "[]", "values of the column", "nothing is decided yet; such rows have no label, as empty ones"),
            key("range", "", "[lowest, highest]", "possible labels, when that is not 0 to 1; labels are rescaled to [0, 1]"),
        ],
    },
    Section {
        heading: "[[data.sensitive]]",
        purpose: "A sensitive attribute; the section may stand several times.",
        keys: &[
            key("name", "", "text", "name in the report; left out: the column's, or the columns' joined by ` x `"),
            key("column", "", "column name", "its column"),
            key("columns", "[]", "names of attributes or columns", "their intersection"),
            key("rule", "", "\"> 25\", \"<= 3\", \"= White\"", "cuts a number in two, or sets one group against all others"),
        ],
    },
    Section {
        heading: "[skew]",
        purpose: "Tilts training and validation rows on purpose, to see how methods stand it. Left out: no tilt.",
        keys: &[
            key("attribute", "", "name of an attribute", "left out: the first of data.attributes"),
            key("privileged", "-", "a group", "the group that high labels shall tilt towards"),
            key("unprivileged", "-", "a group", "the group that they shall tilt away from"),
            key("alpha", "-", "at least 1", "unfairness degree (Kim et al. 2023, Eq. 23); 1 is even"),
            key("threshold", "0.5", "0 to 1", "labels at or above it are high"),
        ],
    },
    Section {
        heading: "[split]",
        purpose: "Who trains, validates and tests.",
        keys: &[
            key(
                "kind",
                "\"hold-out\"",
                "\"hold-out\", \"k-fold\", \"given\"",
                "one cut per seed; every row tested once per seed; the corpus's own parts",
            ),
            key("shares", "[0.6, 0.2, 0.2]", "three shares that sum to 1", "hold-out: shares of training, validation and test rows"),
            key("folds", "-", "at least 2", "k-fold: number of folds"),
            key(
                "together",
                "\"person\"",
                "\"person\", \"job\"",
                "whose rows never stand on two sides; without persons every row is cut for itself",
            ),
            key("validation_share", "0.2", "between 0 and 1", "k-fold: share of the training rows that validates"),
        ],
    },
    Section {
        heading: "[encoding]",
        purpose: "How columns become numbers; fitted on training rows only.",
        keys: &[
            key("numeric", "\"standardise\"", "\"standardise\", \"min-max\", \"none\"", "mean 0 and deviation 1; 0 to 1; as they are"),
            key("categorical", "\"one-hot\"", "\"one-hot\", \"ordinal\"", "one column per category; one column with codes"),
        ],
    },
    Section {
        heading: "[model]",
        purpose: "The network for tables. Methods with a model of their own (trees, mixtures) say so in their cards.",
        keys: &[
            key("hidden", "[128, 64]", "widths, 1 to 65536", "hidden layers, first to last; [] makes a logistic regression"),
            key("activation", "\"relu\"", "\"relu\", \"leaky-relu\", \"tanh\", \"sigmoid\"", "function between layers"),
            key("batch_norm", "false", "true, false", "normalise before each activation"),
            key("dropout", "0.0", "0 to below 1", "share of activations set to 0 in training"),
            key("dropout_before_logit", "true", "true, false", "whether the last layer before the logit drops activations, too"),
            key("initialisation", "\"uniform\"", "\"uniform\", \"he-normal\"", "where weights start"),
            key(
                "bottleneck",
                "",
                "1 to 65536",
                "width of a linear layer after the hidden ones, which becomes the embedding; left out: none",
            ),
            key("head", "[]", "widths, 1 to 65536", "layers between the embedding and the logit"),
            key(
                "network",
                "",
                "an id, or { id = \"…\", parameter = … }",
                "the network; left out: `interview` where rows have recordings, else `mlp`",
            ),
            key(
                "interview",
                "",
                "table, see [model.interview]",
                "the network for recordings; left out: its defaults, where rows have recordings",
            ),
        ],
    },
    Section {
        heading: "[model.interview]",
        purpose: "The network for recordings (loader `interviews` and its kin).",
        keys: &[
            key("modalities", "[]", "of \"video\", \"audio\", \"text\"", "what the network reads; [] takes all that the recordings hold"),
            key(
                "channels",
                "[8, 16, 32, 64, 128]",
                "multiples of 8 up to 512",
                "channels of the convolution blocks; each halves width and height",
            ),
            key("video_width", "512", "1 to 4096", "width of the LSTM over frames"),
            key("audio_inner", "32", "1 to 4096", "width of the linear layer before the LSTM over audio"),
            key("audio_width", "32", "1 to 4096", "width of the LSTM over audio"),
            key("layers", "2", "1 to 8", "layers of both LSTMs"),
            key("text_width", "256", "1 to 4096", "width of the linear layer on the text vector"),
            key("head", "[256]", "widths, 1 to 4096", "layers between embedding and logits"),
            key("dropout", "0.2", "0 to below 1", "share of activations set to 0 before and in the head, in training"),
        ],
    },
    Section {
        heading: "[training]",
        purpose: "How a network is fitted, whatever the objective.",
        keys: &[
            key("loss", "\"bce\"", "\"bce\", \"mse\"", "data loss: cross-entropy of logit and label, or squared error of the score"),
            key("optimizer", "\"adam\"", "\"adam\", \"adamw\"", "optimiser of the scorer"),
            key("learning_rate", "0.001", "above 0", "step size"),
            key("decay", "\"constant\"", "\"constant\", \"linear\", \"cosine\"", "course of the learning rate over the epochs"),
            key("weight_decay", "0.0", "at least 0", "pull of the weights towards 0"),
            key("batch_size", "256", "at least 1", "rows a step"),
            key("epochs", "50", "at least 1", "passes over the training rows, at most"),
            key("patience", "10", "at least 0", "epochs without a better one before training stops; 0 never stops early"),
            key(
                "selection",
                "\"objective\"",
                "\"objective\", \"loss\", \"accuracy\", \"correlation\", \"last\"",
                "which epoch's weights are kept, judged on validation rows",
            ),
            key("regularised", "[]", "names of targets", "targets whose scores the objective evens out; [] for the label alone"),
            key("trace", "[]", "\"contribution-disparity\"", "what is recorded at the end of every epoch"),
            key("trace_rows", "1000", "at least 1", "rows a group x label cell that a trace looks at, at most"),
        ],
    },
    Section {
        heading: "[metrics]",
        purpose: "What is measured, and by whose definition.",
        keys: &[
            key("table", "[]", "metric ids, `id@attribute`", "columns of the main table; [] chooses by the kind of label"),
            key("threshold", "0.5", "0 to 1", "threshold on the score for decisions"),
            key("decision_rule", "\"above\"", "\"above\", \"at-or-above\"", "whether a score equal to the threshold is selected"),
            key("label_threshold", "0.5", "0 to 1", "a continuous label at or above it counts as positive"),
            key(
                "convention",
                "\"evenhand\"",
                "\"evenhand\", \"fairlearn\", \"aif360\"",
                "whose definitions, where toolkits differ (docs/metrics.md)",
            ),
            key("definition", "\"exact\"", "\"exact\", \"grid\"", "exact, or the 50 thresholds of Kim et al. 2023"),
            key("privileged", "{}", "{ attribute = \"group\" }", "the privileged group, for signed definitions"),
            key("minimum_group_size", "1", "at least 1", "smaller groups are listed, not compared"),
        ],
    },
    Section {
        heading: "[intervals]",
        purpose: "How sure the numbers are.",
        keys: &[
            key("level", "0.95", "0 to below 1", "coverage; 0 turns intervals off"),
            key("replicates", "1000", "at least 0", "replicates behind the intervals"),
            key("permutations", "1000", "at least 0", "permutations behind p-values and behind what chance alone gives; 0 turns them off"),
            key("seed", "0", "whole number", "seed of replicates and permutations"),
        ],
    },
    Section {
        heading: "[[method]]",
        purpose: "One row of the comparison; the section stands once a method.",
        keys: &[
            key("name", "\"\"", "text", "name in tables; left out: the ids"),
            key("rebalance", "", "an id, or { id = \"…\", parameter = … }", "gate 1: what is done to the training rows; left out: nothing"),
            key(
                "sample",
                "",
                "{ id = \"rejection-sampling\", … }",
                "gate 1: rows left out of training, validation and test alike, so that the method lives in a world of other shares; compared are methods with the same `sample`, written alike",
            ),
            key(
                "synthesise",
                "",
                "table, see [method.synthesise]",
                "gate 1: made rows in the place of the training rows, after `rebalance`",
            ),
            key(
                "repair",
                "",
                "an id, or { id = \"…\", parameter = … }",
                "gate 3: scores or decisions changed by group, fitted on validation rows; needs the group of everybody who is scored; left out: none",
            ),
            key(
                "rerank",
                "",
                "an id, or { id = \"…\", parameter = … }",
                "gate 3: the re-ranker of the shortlists; left out: lists by score",
            ),
            key("objective", "\"vanilla\"", "an id, or { id = \"…\", parameter = … }", "gate 2: the training method"),
            key("training", "{}", "keys of [training]", "settings that differ for this method"),
            key("model", "{}", "keys of [model]", "settings that differ for this method"),
            key("published", "{}", "{ metric = value } or { metric = [value, std] }", "published numbers, shown beside ours"),
            key(
                "family",
                "",
                "text",
                "methods of one family share a front in the report; left out: those of the same rebalancer, synthesiser, objective and repair",
            ),
        ],
    },
    Section {
        heading: "[method.synthesise]",
        purpose: "Rows made by a synthesiser in the place of a method's training rows; validation and test rows stay real.",
        keys: &[
            key("method", "-", "an id, or { id = \"…\", parameter = … }", "the synthesiser"),
            key("rows", "", "at least 1", "rows to make; left out: as many as there are training rows"),
            key("groups", "\"equal\"", "\"equal\", \"found\", \"women=0.4, men=0.6\"", "wanted share of each group of the first attribute"),
            key(
                "labels",
                "\"equal\"",
                "\"equal\", \"found\", \"1=0.3, 0=0.7\"",
                "wanted share of each value of a binary label, the same in every group",
            ),
            key("keep_copies", "false", "true, false", "keeps made rows that equal a training row"),
            key("compared", "10000", "at least 1", "rows whose distances to real ones are measured, at most"),
        ],
    },
    Section {
        heading: "[shortlist]",
        purpose: "Lists that are made of the test rows' scores, one a job (one in all where the data names no jobs), and measured before and \
                  after each method's re-ranker. Left out: only methods with a re-ranker have lists, by these defaults.",
        keys: &[
            key("top", "25", "at least 1", "places of a shortlist"),
            key(
                "target",
                "\"equal\"",
                "\"equal\", \"pool\", { group = share }",
                "wanted share of each group of the first attribute: the same, that of the applicants, or as given",
            ),
            key("jobs", "{}", "{ job = target }", "targets of single jobs"),
        ],
    },
    Section {
        heading: "[analyses]",
        purpose: "What is asked of the runs beyond their numbers.",
        keys: &[
            key(
                "reference",
                "",
                "name of a method",
                "the method that the others are tested against on the page; left out, and among methods of another `sample`: the first",
            ),
            key(
                "counterfactual",
                "\"none\"",
                "\"none\", \"rescore\", \"retrain\"",
                "scores of the same candidates as members of another group: by the fitted scorer, or also by one fitted on re-written rows",
            ),
            key("importance", "0", "0 to 1000", "how often each input is shuffled (first run of each method); 0 turns it off"),
            key(
                "landscape",
                "0",
                "0, or odd from 3 to 101",
                "points a side of the loss landscape (first run of each network); 0 turns it off",
            ),
            key(
                "front",
                "",
                "[performance metric, gap]",
                "metrics of the plane of performance and fairness; left out: the usual performance metric, and SPDD",
            ),
        ],
    },
    Section {
        heading: "[limits]",
        purpose: "Limits by metric: `spdd = 0.05`, or `\"spdd@gender\" = 0.05`. Upper limits of gaps and losses, lower limits where more is better, \
                  distance from the fair value for ratios. Exit code 1 when one is breached.",
        keys: &[],
    },
];

/// The page of keys, as Markdown.
pub fn page() -> String {
    let mut text = String::from(
        "# Recipes\n\nOne TOML file says what is done, from the data to the report: `evenhand run`, `compare` and `sweep` read it. Every key, with its \
         default and what it may hold; an unknown key is refused with the nearest known one. `docs/methods.md` has the ids of corpora and methods with \
         their parameters, `docs/metrics.md` those of metrics; the folder `recipes/` has examples. Keys whose default is \"must be given\" have none.\n\n\
         This page is generated; `UPDATE_DOCS=1 cargo test -p evenhand-experiment docs` writes it anew.\n",
    );
    for section in SECTIONS {
        let heading = if section.heading.is_empty() { "Above the first heading".to_owned() } else { format!("`{}`", section.heading) };
        let _ = write!(text, "\n## {heading}\n\n{}\n", section.purpose);
        if !section.keys.is_empty() {
            text.push_str("\n| key | default | allowed | purpose |\n|---|---|---|---|\n");
        }
        for key in section.keys {
            let default = match key.default {
                "-" => "must be given".to_owned(),
                "" => "left out".to_owned(),
                default => format!("`{default}`"),
            };
            let _ = writeln!(text, "| `{}` | {default} | {} | {} |", key.name, key.allowed, key.purpose);
        }
    }
    text
}

/// The page of keys, for a terminal.
pub fn describe() -> String {
    let mut text = String::new();
    for section in SECTIONS {
        if !text.is_empty() {
            text.push('\n');
        }
        if !section.heading.is_empty() {
            let _ = writeln!(text, "{}", section.heading);
        }
        let _ = writeln!(text, "# {}", section.purpose);
        let width = section.keys.iter().map(|key| key.name.len()).max().unwrap_or(0);
        for key in section.keys {
            let default = match key.default {
                "-" => "must be given".to_owned(),
                "" => "default: left out".to_owned(),
                default => format!("default {default}"),
            };
            let _ = writeln!(text, "  {:width$}  {}; {default} ({})", key.name, key.purpose, key.allowed);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::de::DeserializeOwned;

    use super::*;
    use crate::recipe::{
        AnalysesSection, DataSection, EncodingSection, IntervalSection, LabelSection, MethodSection, MetricsSection, Recipe,
        SensitiveSection, ShortlistSection, SkewSection, SynthesisSection,
    };

    fn section(heading: &str) -> &'static Section {
        SECTIONS.iter().find(|section| section.heading == heading).unwrap()
    }

    /// The keys that a type knows, from what it says of one that it does not know.
    fn known<T: DeserializeOwned>(given: &str) -> BTreeSet<String> {
        let error = toml::from_str::<T>(&format!("{given}\nno_such_key = 1")).err().unwrap().to_string();
        let list = error.rsplit("expected").next().unwrap();
        list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn told(heading: &str) -> BTreeSet<String> {
        section(heading).keys.iter().map(|key| key.name.to_owned()).collect()
    }

    #[test]
    fn every_key_is_told_and_no_other() {
        let mut top = known::<Recipe>("name = \"x\"");
        for heading in
            ["data", "skew", "split", "encoding", "model", "training", "metrics", "intervals", "analyses", "limits", "method", "shortlist"]
        {
            assert!(top.remove(heading), "{heading}");
            assert!(SECTIONS.iter().any(|section| section.heading.trim_matches(['[', ']']) == heading), "{heading}");
        }
        assert_eq!(top, told(""));
        assert_eq!(known::<DataSection>("loader = \"adult\""), told("[data]"));
        assert_eq!(known::<LabelSection>("column = \"x\""), told("[data.label]"));
        assert_eq!(known::<SensitiveSection>(""), told("[[data.sensitive]]"));
        assert_eq!(known::<SkewSection>("alpha = 1"), told("[skew]"));
        assert_eq!(known::<EncodingSection>(""), told("[encoding]"));
        assert_eq!(known::<evenhand_learn::Architecture>(""), told("[model]"));
        assert_eq!(known::<evenhand_learn::InterviewArchitecture>(""), told("[model.interview]"));
        assert_eq!(known::<evenhand_learn::Training>(""), told("[training]"));
        assert_eq!(known::<MetricsSection>(""), told("[metrics]"));
        assert_eq!(known::<IntervalSection>(""), told("[intervals]"));
        assert_eq!(known::<AnalysesSection>(""), told("[analyses]"));
        assert_eq!(known::<MethodSection>(""), told("[[method]]"));
        assert_eq!(known::<ShortlistSection>(""), told("[shortlist]"));
        assert_eq!(known::<SynthesisSection>("method = \"ctgan\""), told("[method.synthesise]"));
        let split: BTreeSet<String> = ["kind = \"hold-out\"", "kind = \"k-fold\"\nfolds = 2"]
            .into_iter()
            .flat_map(known::<crate::recipe::SplitSection>)
            .chain(["kind".to_owned()])
            .collect();
        assert_eq!(split, told("[split]"));
    }

    #[test]
    fn defaults_are_those_of_an_empty_section() {
        let recipe: Recipe = toml::from_str(
            "name = \"x\"\n[data]\nloader = \"adult\"\n[skew]\nprivileged = \"a\"\nunprivileged = \"b\"\nalpha = 2\n[model.interview]\n[shortlist]\n[[method]]\n[method.synthesise]\nmethod = \"ctgan\"",
        )
        .unwrap();
        let json = serde_json::to_value(&recipe).unwrap();
        let places = [
            ("", ""),
            ("[data]", "/data"),
            ("[skew]", "/skew"),
            ("[split]", "/split"),
            ("[encoding]", "/encoding"),
            ("[model]", "/model"),
            ("[model.interview]", "/model/interview"),
            ("[training]", "/training"),
            ("[metrics]", "/metrics"),
            ("[intervals]", "/intervals"),
            ("[[method]]", "/method/0"),
            ("[analyses]", "/analyses"),
            ("[shortlist]", "/shortlist"),
            ("[method.synthesise]", "/method/0/synthesise"),
        ];
        for (heading, place) in places {
            let found = json.pointer(place).unwrap();
            for key in section(heading).keys.iter().filter(|key| !matches!(key.default, "" | "-")) {
                let default: toml::Table = toml::from_str(&format!("x = {}", key.default)).unwrap();
                let default = serde_json::to_value(&default["x"]).unwrap();
                let empty = matches!(key.default, "[]" | "{}" | "\"\"");
                match found.get(key.name) {
                    Some(value) if key.name == "objective" => assert_eq!(value["id"], default),
                    Some(value) => assert_eq!(*value, default, "{heading} {}", key.name),
                    // What is empty is not written; `folds` and its kin belong to another kind of split.
                    None => assert!(empty || matches!(key.name, "trace_rows" | "validation_share" | "together"), "{heading} {}", key.name),
                }
            }
        }
    }

    #[test]
    fn both_forms_hold_every_key() {
        for section in SECTIONS {
            for key in section.keys {
                assert!(page().contains(&format!("| `{}` |", key.name)) && describe().contains(key.purpose), "{}", key.name);
            }
        }
    }
}
