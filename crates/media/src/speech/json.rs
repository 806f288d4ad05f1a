//! JSON that speech recognisers write; the parent module lists the forms.
//!
//! Only what a transcript needs is read, and unknown fields are passed over. Where a field that is read has another type than the
//! recogniser's documentation says, the error names its place. Of several alternatives the first, most probable one is taken.
//!
//! Sources: the printed JSON of whisper.cpp 1.7 and openai-whisper; OpenAI's reference of `verbose_json`; Vosk's `Result()`; Google's
//! reference of `recognize` (v1); Amazon's "Example Amazon Transcribe output".

use serde_json::Value;

use evenhand_catalog::limits::{TRANSCRIPT_OBJECTS, TRANSCRIPT_VALUES};

use super::{Flaw, Format, Transcript, Word, joined, mean, probability, within};

/// The JSON values of a file, one after the other; the members of a list count as such.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, Flaw> {
    // A value takes far more memory than its text.
    let (values, objects) = sizes(text);
    within(&TRANSCRIPT_OBJECTS, objects)?;
    within(&TRANSCRIPT_VALUES, values)?;
    let mut documents = Vec::new();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match document.map_err(|error| Flaw(format!("is not JSON: {error}")))? {
            Value::Array(members) => documents.extend(members),
            other => documents.push(other),
        }
    }
    match documents.iter().position(|document| !document.is_object()) {
        Some(index) => Err(Flaw(format!("holds JSON whose value {} is no object; a recogniser writes objects", index + 1))),
        None => Ok(documents),
    }
}

/// How many values a text of JSON has at most, and how many of them are objects and lists.
fn sizes(text: &str) -> (u64, u64) {
    let (mut commas, mut objects) = (0, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => commas += 1,
            b'{' | b'[' if !quoted => objects += 1,
            _ => {}
        }
    }
    (commas + objects + 1, objects)
}

pub(super) fn format_of(documents: &[Value]) -> Result<Format, Flaw> {
    let Some(first) = documents.first() else { return Ok(Format::Vosk) };
    let results = first.get("results").or_else(|| first.get("response")?.get("results"));
    let has = |names: &[&str]| names.iter().any(|name| first.get(name).is_some());
    Ok(match results {
        Some(Value::Array(_)) => Format::Google,
        Some(Value::Object(_)) => Format::Aws,
        _ if has(&["transcription", "segments"]) => Format::Whisper,
        _ if has(&["result", "alternatives", "partial"]) || (documents.len() > 1 && has(&["text"])) => Format::Vosk,
        _ if has(&["text"]) => Format::Whisper,
        _ => {
            let fields: Vec<&str> = first.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).take(8).collect();
            return Err(Flaw(format!("is JSON of no recogniser that is known; its fields are: {}", fields.join(", "))));
        }
    })
}

pub(super) fn read(documents: &[Value], format: Format) -> Result<Transcript, Flaw> {
    if format == Format::Vosk {
        return vosk(documents);
    }
    let [document] = documents else {
        return Err(Flaw(format!("holds {} JSON values where one is due", documents.len())));
    };
    match format {
        Format::Google => google(document),
        Format::Aws => aws(document),
        _ if document.get("transcription").is_some() => whisper_cpp(document),
        _ => whisper(document),
    }
}

/// Whether bytes look like whisper.cpp's JSON, which need not be UTF-8.
pub(super) fn is_whisper_cpp(bytes: &[u8]) -> bool {
    let key = b"\"transcription\"";
    bytes.trim_ascii_start().starts_with(b"{") && bytes.windows(key.len()).any(|window| window == key)
}

fn whisper_cpp(document: &Value) -> Result<Transcript, Flaw> {
    let mut texts = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    for (index, segment) in list(document, "transcription")?.iter().enumerate() {
        let text = string(segment, "text", || format!("`transcription`, entry {}", index + 1))?;
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Flaw(format!("is not UTF-8 text in `transcription`, entry {}", index + 1)));
        }
        texts.push(text);
        // Tokens are parts of words; a new word begins with a blank.
        let mut parts: Vec<(String, f64, f64, Vec<f64>)> = Vec::new();
        for token in segment.get("tokens").and_then(Value::as_array).into_iter().flatten() {
            let text = token.get("text").and_then(Value::as_str).unwrap_or_default();
            if text.is_empty() || text.starts_with("[_") || text.starts_with("<|") {
                continue;
            }
            let milliseconds = |name: &str| token.get("offsets").and_then(|offsets| offsets.get(name)?.as_f64());
            let (Some(from), Some(to)) = (milliseconds("from"), milliseconds("to")) else { continue };
            if text.starts_with(' ') || parts.is_empty() {
                parts.push((String::new(), from / 1e3, to / 1e3, Vec::new()));
            }
            if let Some((word, _, end, probabilities)) = parts.last_mut() {
                word.push_str(text);
                *end = to / 1e3;
                probabilities.extend(token.get("p").and_then(Value::as_f64));
            }
        }
        for (word, start, end, probabilities) in parts {
            let confidence = mean(probabilities.into_iter());
            words.push(Word::checked(&word, start, end, confidence, || format!("word `{}`", word.trim()))?);
        }
    }
    let confidence = mean(words.iter().filter_map(|word| word.confidence));
    // Words with parts of characters cannot be shown; their confidence counts all the same.
    if words.iter().any(|word| word.word.contains(char::REPLACEMENT_CHARACTER)) {
        words.clear();
    }
    let language = document.get("result").and_then(|result| result.get("language"));
    Ok(Transcript { text: continued(&texts), language: named(language), words, confidence })
}

fn whisper(document: &Value) -> Result<Transcript, Flaw> {
    let segments = match document.get("segments") {
        Some(_) => list(document, "segments")?,
        None => &[],
    };
    let mut texts = Vec::new();
    let mut spoken = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        texts.push(string(segment, "text", || format!("`segments`, entry {}", index + 1))?);
        spoken.extend(segment.get("words").and_then(Value::as_array).into_iter().flatten());
    }
    // verbose_json has its words beside the segments, openai-whisper inside them.
    spoken.extend(document.get("words").and_then(Value::as_array).into_iter().flatten());
    let words = timed_words(&spoken, "word", &["start"], &["end"], &["probability", "score"])?;
    let logarithms = segments.iter().filter_map(|segment| segment.get("avg_logprob")?.as_f64());
    let confidence =
        mean(words.iter().filter_map(|word| word.confidence)).or_else(|| mean(logarithms.filter_map(|value| probability(value.exp()))));
    let text = match document.get("text") {
        Some(text) => joined([text.as_str().ok_or_else(|| Flaw("has a `text` that is no string".to_owned()))?]),
        None if segments.is_empty() => return Err(Flaw("has neither `text` nor `segments` nor `transcription`".to_owned())),
        None => continued(&texts),
    };
    Ok(Transcript { text, language: named(document.get("language")), words, confidence })
}

fn vosk(documents: &[Value]) -> Result<Transcript, Flaw> {
    let mut texts = Vec::new();
    let mut spoken = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let best = document.get("alternatives").and_then(|alternatives| alternatives.get(0)).unwrap_or(document);
        // A partial result is repeated by the final one.
        if best.get("text").is_none() && document.get("partial").is_some() {
            continue;
        }
        texts.push(string(best, "text", || format!("result {}", index + 1))?);
        spoken.extend(best.get("result").and_then(Value::as_array).into_iter().flatten());
    }
    let words = timed_words(&spoken, "word", &["start"], &["end"], &["conf"])?;
    let confidence = mean(words.iter().filter_map(|word| word.confidence));
    Ok(Transcript { text: joined(texts), language: None, words, confidence })
}

fn google(document: &Value) -> Result<Transcript, Flaw> {
    let document = document.get("response").unwrap_or(document);
    // Nothing heard: the answer has no results.
    let results = match document.get("results") {
        Some(_) => list(document, "results")?,
        None => &[],
    };
    let mut texts = Vec::new();
    let mut spoken = Vec::new();
    let mut of_results = Vec::new();
    let mut language = None;
    for result in results {
        let Some(best) = result.get("alternatives").and_then(|alternatives| alternatives.get(0)) else { continue };
        // With speakers told apart, a last result without text repeats all words.
        let Some(text) = best.get("transcript").and_then(Value::as_str) else { continue };
        texts.push(text);
        spoken.extend(best.get("words").and_then(Value::as_array).into_iter().flatten());
        of_results.extend(stated(best.get("confidence")));
        language = language.or_else(|| named(result.get("languageCode").or_else(|| result.get("language_code"))));
    }
    let words = timed_words(&spoken, "word", &["startTime", "start_time"], &["endTime", "end_time"], &["confidence"])?;
    let words: Vec<Word> =
        words.into_iter().map(|word| Word { confidence: word.confidence.filter(|value| *value > 0.0), ..word }).collect();
    let confidence = mean(words.iter().filter_map(|word| word.confidence)).or_else(|| mean(of_results.into_iter()));
    Ok(Transcript { text: joined(texts), language, words, confidence })
}

/// A confidence of 0 is how protocol buffers write an absent one.
fn stated(value: Option<&Value>) -> Option<f64> {
    value?.as_f64().filter(|value| *value > 0.0).and_then(probability)
}

fn aws(document: &Value) -> Result<Transcript, Flaw> {
    let Some(results) = document.get("results") else { return Err(Flaw("has no `results`".to_owned())) };
    let mut texts = Vec::new();
    for (index, transcript) in list(results, "transcripts")?.iter().enumerate() {
        texts.push(string(transcript, "transcript", || format!("`transcripts`, entry {}", index + 1))?);
    }
    let mut words = Vec::new();
    for (index, item) in results.get("items").and_then(Value::as_array).into_iter().flatten().enumerate() {
        // Punctuation has no times.
        if item.get("type").and_then(Value::as_str) == Some("punctuation") {
            continue;
        }
        let place = || format!("`items`, entry {}", index + 1);
        let best = item.get("alternatives").and_then(|alternatives| alternatives.get(0)).unwrap_or(&Value::Null);
        let word = string(best, "content", place)?;
        let (Some(start), Some(end)) = (item.get("start_time").and_then(number), item.get("end_time").and_then(number)) else {
            return Err(Flaw(format!("has no times at {}", place())));
        };
        words.push(Word::checked(word, start, end, best.get("confidence").and_then(number), place)?);
    }
    let confidence = mean(words.iter().filter_map(|word| word.confidence));
    Ok(Transcript { text: joined(texts), language: named(results.get("language_code")), words, confidence })
}

fn timed_words(entries: &[&Value], name: &str, starts: &[&str], ends: &[&str], confidences: &[&str]) -> Result<Vec<Word>, Flaw> {
    let mut words = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let place = || format!("word {}", index + 1);
        let field = |names: &[&str]| names.iter().find_map(|name| number(entry.get(name)?));
        let word = string(entry, name, place)?;
        // Words without times (numbers, for some aligners) are in the text.
        let (Some(start), Some(end)) = (field(starts), field(ends)) else { continue };
        words.push(Word::checked(word, start, end, field(confidences), place)?);
    }
    Ok(words)
}

/// A number, a number in a string, seconds with their unit (`1.100s`), or seconds and nanoseconds.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.strip_suffix('s').unwrap_or(text).trim().parse().ok(),
        Value::Object(_) => {
            let part = |name: &str| value.get(name).map_or(Some(0.0), number);
            Some(part("seconds")? + part("nanos")? * 1e-9)
        }
        _ => None,
    }
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], Flaw> {
    value.get(name).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| Flaw(format!("has no list `{name}`")))
}

fn string<'a>(value: &'a Value, name: &str, place: impl Fn() -> String) -> Result<&'a str, Flaw> {
    value.get(name).and_then(Value::as_str).ok_or_else(|| Flaw(format!("has no string `{name}` at {}", place())))
}

fn named(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Segments as one text. Whisper's segments carry the blank between them, if the language has one; some programs trim it away.
fn continued(texts: &[&str]) -> String {
    if texts.iter().any(|text| text.starts_with(char::is_whitespace)) {
        joined([texts.concat().as_str()])
    } else {
        joined(texts.iter().copied())
    }
}
