//! What texts mean: missing, declined, undecided, yes and no, and which texts are two spellings of one thing.
//!
//! One meaning for every command and recipe. Case and blanks around and inside a text never make a difference.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Texts that stand for a missing score, label, number, weight or group, beside the empty field and texts of nothing but signs such as `?` or
/// `--`; compared in lower case. `#null!` is SPSS's; what spreadsheets write for a sum gone wrong (`#div/0!`) is an error and not missing.
pub const MISSING_WORDS: [&str; 13] =
    ["nan", "n/a", "na", "null", "-", "#n/a", "#na", "(blank)", "(empty)", "<na>", "\\n", "#null!", "#n/v"];

/// Words for a value that is not known, whatever the column, as [`simplified`] writes them: no decision and no number is called so.
const NOT_KNOWN: [&str; 22] = [
    "n a",
    "k a",
    "n d",
    "missing",
    "blank",
    "empty",
    "unknown",
    "unk",
    "not known",
    "not available",
    "not recorded",
    "not entered",
    "no data",
    "no value",
    "keine angabe",
    "unbekannt",
    "nicht bekannt",
    "inconnu",
    "desconocido",
    "desconhecido",
    "sconosciuto",
    "onbekend",
];

/// Texts that say in a sensitive column that the group is not known, as [`simplified`] writes them.
const UNKNOWN_GROUPS: [&str; 113] = [
    "unk",
    "unassigned",
    "unknown not reported",
    "not known not reported",
    "decline",
    "n v t",
    "gender not disclosed",
    "unknown",
    "not known",
    "unspecified",
    "not specified",
    "not stated",
    "not available",
    "not applicable",
    "not provided",
    "not given",
    "not reported",
    "not recorded",
    "not answered",
    "not disclosed",
    "not declared",
    "not indicated",
    "not identified",
    "not selected",
    "not set",
    "undisclosed",
    "undeclared",
    "undetermined",
    "missing",
    "blank",
    "empty",
    "none",
    "none given",
    "none specified",
    "no answer",
    "no response",
    "no data",
    "no information",
    "n a",
    "na",
    "nan",
    "null",
    "refused",
    "withheld",
    "declined",
    "keine angabe",
    "k a",
    "unbekannt",
    "nicht angegeben",
    "non renseigné",
    "desconocido",
    "did not answer",
    "did not respond",
    "did not disclose",
    "did not say",
    "didn t answer",
    "didn t say",
    "do not know",
    "don t know",
    "i do not know",
    "i don t know",
    "not self identified",
    "no answer provided",
    "no answer given",
    "no selection",
    "no reply",
    "information not provided",
    "information not available",
    "unidentified",
    "not collected",
    "not asked",
    "not entered",
    "keine angaben",
    "keine antwort",
    "ohne angabe",
    "nicht bekannt",
    "nicht erfasst",
    "nicht beantwortet",
    "weiß nicht",
    "inconnu",
    "inconnue",
    "non précisé",
    "non spécifié",
    "non communiqué",
    "non déclaré",
    "sans réponse",
    "pas de réponse",
    "ne sait pas",
    "no especificado",
    "no especifica",
    "no informado",
    "no declarado",
    "sin especificar",
    "sin respuesta",
    "sin datos",
    "no contesta",
    "não informado",
    "não declarado",
    "não especificado",
    "sem resposta",
    "desconhecido",
    "non specificato",
    "non dichiarato",
    "sconosciuto",
    "nessuna risposta",
    "onbekend",
    "niet opgegeven",
    "geen antwoord",
    "niet bekend",
    "okänd",
    "ej angivet",
    "ukendt",
    "ukjent",
];

/// Beginnings of the wordings in which people decline to say their group, as [`simplified`] writes them.
const DECLINING: [&str; 74] = [
    "opt out",
    "opted out",
    "not specified",
    "not provided",
    "not disclosed",
    "vill ej",
    "vill inte",
    "wil niet",
    "zeg ik liever niet",
    "prefer not",
    "prefers not",
    "i prefer not",
    "rather not",
    "i d rather not",
    "id rather not",
    "i would rather not",
    "would rather not",
    "decline to",
    "declines to",
    "declined to",
    "i decline",
    "choose not",
    "chose not",
    "chooses not",
    "i choose not",
    "do not wish",
    "does not wish",
    "did not wish",
    "i do not wish",
    "do not want to",
    "i do not want to",
    "i don t wish",
    "i don t want to",
    "möchte ich nicht",
    "möchte nicht",
    "i would prefer not",
    "would prefer not",
    "i d prefer not",
    "wish not to",
    "i wish not to",
    "don t wish",
    "don t want to",
    "refused to",
    "i refuse",
    "i rather not",
    "ich möchte nicht",
    "ich möchte keine",
    "möchte keine",
    "möchte dazu keine",
    "lieber nicht",
    "je préfère ne pas",
    "préfère ne pas",
    "préfère ne rien",
    "ne souhaite pas",
    "je ne souhaite pas",
    "ne veut pas",
    "ne se prononce pas",
    "prefiero no",
    "prefiere no",
    "no deseo",
    "no desea",
    "no quiero",
    "no quiere",
    "prefiro não",
    "prefere não",
    "não desejo",
    "não deseja",
    "preferisco non",
    "preferisce non",
    "non desidero",
    "wil ik niet",
    "liever niet",
    "föredrar att inte",
    "ønsker ikke",
];

/// Texts of a label or a decision that say that nothing has been decided yet, as [`simplified`] writes them.
const UNDECIDED: [&str; 25] = [
    "in process",
    "in progress",
    "in review",
    "under review",
    "under consideration",
    "under evaluation",
    "pending",
    "awaiting decision",
    "waiting",
    "waitlist",
    "waitlisted",
    "waiting list",
    "on hold",
    "hold",
    "open",
    "undecided",
    "not decided",
    "not yet decided",
    "no decision",
    "to be decided",
    "tbd",
    "withdrawn",
    "withdrew",
    "candidate withdrew",
    "withdrawn by candidate",
];

/// Pairs of a favourable and an unfavourable word, in lower case.
const DECISIONS: [[&str; 2]; 17] = [
    ["true", "false"],
    ["yes", "no"],
    ["y", "n"],
    ["t", "f"],
    ["pass", "fail"],
    ["passed", "failed"],
    ["p", "f"],
    ["hired", "not hired"],
    ["hired", "rejected"],
    ["hire", "no hire"],
    ["selected", "not selected"],
    ["selected", "rejected"],
    ["accepted", "rejected"],
    ["accept", "reject"],
    ["invited", "not invited"],
    ["ja", "nein"],
    ["oui", "non"],
];

/// A text in lower case, its words set apart by one blank and everything between them cut; empty where it holds no letter or digit.
pub fn simplified(text: &str) -> String {
    let mut simple = String::with_capacity(text.len());
    for word in text.split(|sign: char| !sign.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !simple.is_empty() {
            simple.push(' ');
        }
        simple.extend(word.chars().flat_map(char::to_lowercase));
    }
    simple
}

/// Which texts mean "missing".
#[derive(Debug, Clone, Copy)]
pub struct Missing<'a> {
    /// Texts beside the usual ones, as the person gave them.
    pub texts: &'a [String],
}

impl Missing<'_> {
    fn given(self, text: &str) -> bool {
        self.texts.iter().map(|missing| missing.trim()).any(|missing| missing == text || spelling_key(missing) == spelling_key(text))
    }

    /// Whether a text, blanks around it cut, stands for a missing score, label, number or weight.
    pub fn value(self, text: &str) -> bool {
        text.is_empty()
            || text == "NaT"
            || text.len() <= 8 && MISSING_WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
            || text.chars().all(|sign| matches!(sign, '?' | '-' | '\u{2013}' | '\u{2014}' | '.' | '\u{2026}' | '*' | '/' | '_'))
            || self.given(text)
            || text.len() <= 20 && NOT_KNOWN.contains(&simplified(text).as_str())
    }

    /// Whether a text stands for a missing number: every wording for "not known", as no number is called so.
    pub fn number(self, text: &str) -> bool {
        self.group(text)
    }

    /// Whether a text of a sensitive column says that the group is not known.
    pub fn group(self, text: &str) -> bool {
        if self.value(text) {
            return true;
        }
        let simple = simplified(text);
        simple.is_empty() || UNKNOWN_GROUPS.contains(&simple.as_str()) || DECLINING.iter().any(|beginning| simple.starts_with(beginning))
    }

    /// Whether a text of a category that is kept by name is missing: only what the person named, and the empty field.
    pub fn category(self, text: &str) -> bool {
        text.is_empty() || self.given(text)
    }
}

/// Words that stand in the place of a group where a row holds the sum of others.
const TOTALS: [&str; 13] = [
    "total",
    "totals",
    "subtotal",
    "sub total",
    "grand total",
    "all",
    "sum",
    "summe",
    "gesamt",
    "total général",
    "totaux",
    "summa",
    "both",
];

/// Whether a group's text names the sum of all groups.
pub fn is_total(text: &str) -> bool {
    TOTALS.contains(&simplified(text).as_str())
}

/// Whether a label's text says that nothing has been decided yet.
pub fn is_undecided(text: &str) -> bool {
    UNDECIDED.contains(&simplified(text).as_str())
}

/// The number that a truth value stands for.
pub fn truth(text: &str) -> Option<f64> {
    match text {
        _ if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("yes") => Some(1.0),
        _ if text.eq_ignore_ascii_case("false") || text.eq_ignore_ascii_case("no") => Some(0.0),
        _ => None,
    }
}

/// The favourable word of a column that holds the two words of a known pair, or one of them, and nothing else.
pub fn known_decision<'a>(words: impl Iterator<Item = &'a str> + Clone) -> Option<&'static str> {
    let folded: Vec<String> = words.map(folded).collect();
    if folded.is_empty() {
        return None;
    }
    let pair = DECISIONS.iter().find(|pair| folded.iter().all(|word| pair.contains(&word.as_str())));
    pair.map(|[favourable, _]| *favourable)
}

/// A text as it is seen: without the signs that have no width, which come along with copied texts, and with every letter that bears a mark as one
/// sign, where some programs write letter and mark apart.
pub fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |sign: char| matches!(sign, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    if text.is_ascii() || is_nfc(text) && !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&sign| !hidden(sign)).nfc().collect())
}

/// A text as it is seen, in lower case, with one blank where it has several.
pub fn folded(text: &str) -> String {
    let visible = visible(text);
    let mut words = visible.split_whitespace();
    let mut joined = words.next().unwrap_or_default().to_lowercase();
    for word in words {
        joined.push(' ');
        joined.push_str(&word.to_lowercase());
    }
    joined
}

/// A whole or decimal number as the shortest text, so that `1`, `1.0`, `1,0` and `01.0` of a typed export are one; codes with leading zeros such as
/// `007` are names made of digits and stay. A comma before three digits may stand between thousands: such a text stays, too.
pub fn number_text(text: &str) -> Option<String> {
    if let Some((whole, decimals)) = text.split_once(',').filter(|(_, decimals)| !decimals.is_empty() && decimals.len() != 3) {
        return if whole.contains('.') || decimals.contains('.') { None } else { number_text(&format!("{whole}.{decimals}")) };
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let code = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || !plain(whole) || !plain(fraction) || code || digits.len() > 15 {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| (number + 0.0).to_string())
}

/// What two spellings of one thing share: case, blanks, the closing `.0` of a number, and the order of the parts of a list such as
/// `White; Asian`.
pub fn spelling_key(text: &str) -> String {
    if let Some(number) = number_text(text) {
        return number;
    }
    let folded = folded(text);
    if !folded.contains(LIST_SIGNS) {
        return folded;
    }
    // `1,234` is one number, however it is meant, and no list.
    if folded.bytes().all(|byte| byte.is_ascii_digit() || b",.+-".contains(&byte)) {
        return folded;
    }
    let mut parts: Vec<String> = folded.split(LIST_SIGNS).map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    if parts.len() < 2 {
        return folded;
    }
    parts.sort_unstable();
    parts.join("; ")
}

/// Signs between the parts of a list in one field.
const LIST_SIGNS: [char; 4] = [';', ',', '|', '+'];

/// How a thing is shown: a number without its closing `.0`, everything else as it is seen.
pub fn shown(text: &str) -> Cow<'_, str> {
    match number_text(text) {
        Some(number) if text.contains(',') => Cow::Owned(number.replace('.', ",")),
        Some(number) => Cow::Owned(number),
        None => visible(text),
    }
}

/// A map of texts to the texts that stand for them, by column or for every column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Categories {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    column: Option<String>,
    key: String,
    from: String,
    to: String,
}

impl Categories {
    /// Adds a rule: `from`, in the named column or in all, becomes `to`. `Err` where it contradicts an earlier rule.
    pub fn insert(&mut self, column: Option<&str>, from: &str, to: &str) -> Result<(), String> {
        let (key, to) = (spelling_key(from.trim()), to.trim().to_owned());
        let column = column.map(str::trim).filter(|column| !column.is_empty()).map(str::to_owned);
        if let Some(known) = self.entries.iter().find(|known| known.column == column && known.key == key) {
            if known.to == to {
                return Ok(());
            }
            return Err(format!("`{}` becomes both `{}` and `{to}`; leave one of the two rules out", known.from, known.to));
        }
        self.entries.push(Entry { column, key, from: from.trim().to_owned(), to });
        Ok(())
    }

    /// What a text of a column becomes; a rule of the column comes before one of all columns.
    pub fn map<'a>(&'a self, column: &str, text: &str) -> Option<&'a str> {
        if self.entries.is_empty() {
            return None;
        }
        let key = spelling_key(text);
        let of = |wanted: Option<&str>| self.entries.iter().find(|entry| entry.column.as_deref() == wanted && entry.key == key);
        of(Some(column)).or_else(|| of(None)).map(|entry| entry.to.as_str())
    }

    /// True without a rule.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The rules: column, from, to.
    pub fn rules(&self) -> impl Iterator<Item = (Option<&str>, &str, &str)> {
        self.entries.iter().map(|entry| (entry.column.as_deref(), entry.from.as_str(), entry.to.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Missing<'static> = Missing { texts: &[] };

    #[test]
    fn one_meaning_of_missing() {
        for text in [
            "", "NaN", "nan", "N/A", "NA", "null", "NULL", "-", "#N/A", "(blank)", "(Blank)", "?", "--", "N.A.", "k. A.", "Unknown",
            "#NULL!",
        ] {
            assert!(PLAIN.value(text) && PLAIN.number(text) && PLAIN.group(text), "{text}");
        }
        for text in ["0", "none", "no", "declined", "Nan A", "--1", "+", "#DIV/0!"] {
            assert!(!PLAIN.value(text), "{text}");
        }
        let given = ["N.N.".to_owned()];
        assert!(Missing { texts: &given }.value("N.N.") && Missing { texts: &given }.category("N.N."));
        assert!(!PLAIN.category("NA"), "a category may be called so");
    }

    #[test]
    fn wordings_of_declining_are_unknown_groups() {
        for text in [
            "Unspecified",
            "Unknown",
            "Prefer not to say",
            "Prefer Not to Answer",
            "prefer  not to  disclose",
            "Not Available",
            "Not Applicable",
            "None",
            "No answer",
            "Missing",
            "I do not wish to answer",
            "I don't wish to answer",
            "I don\u{2019}t want to say",
            "I'd rather not say",
            "Decline to self-identify",
            "Decline To State",
            "Choose not to disclose",
            ".",
            "?",
            "--",
            "Keine Angabe",
            "k. A.",
            "I would prefer not to say",
            "I wish not to answer",
            "Did not answer",
            "Don\u{2019}t know",
            "Möchte ich nicht angeben",
            "Je préfère ne pas répondre",
            "Prefiero no decirlo",
            "Prefiro não responder",
            "Preferisco non rispondere",
            "Zeg ik liever niet",
        ] {
            assert!(PLAIN.group(text), "{text}");
        }
        for text in [
            "Other",
            "Non-binary",
            "Two or more races",
            "X",
            "0",
            "Not Hispanic or Latino",
            "Nonwhite",
            "Native American",
            "No",
            "Prefer to self-describe",
            "Not a veteran",
            "No disability",
            "I do not have a disability",
            "Divers",
        ] {
            assert!(!PLAIN.group(text), "{text}");
        }
    }

    #[test]
    fn one_thing_has_one_key() {
        for (one, other) in [
            ("1", "1.0"),
            ("hired", " HIRED ".trim()),
            ("White; Asian", "Asian;White"),
            ("two  or more", "Two or More"),
            ("-0", "0.0"),
            ("Asian|White", "white; asian"),
            ("White, Black", "Black, White"),
        ] {
            assert_eq!(spelling_key(one), spelling_key(other), "{one} {other}");
        }
        for (one, other) in [("007", "7"), ("1.5", "15"), ("M/F", "F/M"), ("Black, not Hispanic", "Hispanic, not Black"), ("1e3", "1000")] {
            assert_ne!(spelling_key(one), spelling_key(other), "{one} {other}");
        }
        assert_eq!((shown("2.0").as_ref(), shown("Two").as_ref()), ("2", "Two"));
    }

    #[test]
    fn decisions_in_words_are_known_by_their_pair() {
        let known = |words: &[&str]| known_decision(words.iter().copied());
        assert_eq!(known(&["Yes", "no"]), Some("yes"));
        assert_eq!(known(&["N", "Y"]), Some("y"));
        assert_eq!(known(&["Fail", "Pass"]), Some("pass"));
        assert_eq!(known(&["Selected", "Not selected"]), Some("selected"));
        assert_eq!(known(&["Selected", "Maybe"]), None);
        assert_eq!(known(&[]), None);
    }

    #[test]
    fn a_map_joins_texts_and_refuses_contradictions() {
        let mut map = Categories::default();
        map.insert(Some("race"), "White; Asian", "Two or more races").unwrap();
        map.insert(None, "f", "women").unwrap();
        map.insert(None, "F", "women").unwrap();
        assert_eq!(map.map("race", "Asian;White"), Some("Two or more races"));
        assert_eq!(map.map("ethnicity", "Asian;White"), None);
        assert_eq!(map.map("gender", "F"), Some("women"));
        assert!(map.insert(None, "F", "men").unwrap_err().contains("leave one of the two rules out"));
    }
}
