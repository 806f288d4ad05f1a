//! Transcript files of every kind, their quality, and recognisers that fail.

use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::process::Stdio;
use std::time::{Duration, Instant};

use evenhand_media::speech::quality::{Limits, Reason, assess, count_characters, count_words};
use evenhand_media::speech::{Format, Recogniser, Transcript, Word, read};
use tempfile::TempDir;

fn parsed(name: &str, content: impl AsRef<[u8]>, format: Option<Format>) -> Result<Transcript, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    let result = read(&path, format).map_err(|error| error.to_string());
    if let Err(text) = &result {
        assert!(text.contains(name) && text.contains("; "), "{text}");
    }
    result
}

fn text_of(name: &str, content: impl AsRef<[u8]>) -> String {
    parsed(name, content, None).unwrap().text
}

fn error_of(name: &str, content: impl AsRef<[u8]>) -> String {
    parsed(name, content, None).unwrap_err()
}

fn word(word: &str, start: f64, end: f64, confidence: Option<f64>) -> Word {
    Word { word: word.to_owned(), start, end, confidence }
}

#[test]
fn plain_text_in_every_encoding() {
    assert_eq!(text_of("a.txt", "I planned shifts.\r\nNobody worked twice.\r\n"), "I planned shifts.\nNobody worked twice.");
    assert_eq!(text_of("a.txt", "\u{FEFF}one\rtwo"), "one\ntwo");
    assert_eq!(text_of("ko.txt", "저는 병원에서 일했습니다."), "저는 병원에서 일했습니다.");
    let utf_16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| [mark.to_vec(), "일 ok\r\n".encode_utf16().flat_map(bytes).collect()].concat();
    assert_eq!(text_of("le.txt", utf_16([0xFF, 0xFE], u16::to_le_bytes)), "일 ok");
    assert_eq!(text_of("be.txt", utf_16([0xFE, 0xFF], u16::to_be_bytes)), "일 ok");
    assert_eq!(parsed("none.txt", "", None).unwrap(), Transcript::default());
    assert_eq!(text_of("blank.json", " \n"), "");
    // As whisper.cpp prints.
    assert_eq!(
        text_of("p", "\n[00:00:00.000 --> 00:00:02.500]   Good morning.\n[00:00:02.500 --> 00:00:04.000]   [BLANK_AUDIO]\n"),
        "Good morning.\n[BLANK_AUDIO]"
    );
    assert_eq!(text_of("p.txt", "[laughs] well"), "[laughs] well");
    let text = error_of("bad.txt", b"fine\nnot \xE9 fine");
    assert!(text.contains("line 2, byte 10 of the file is 0xE9"), "{text}");
    assert!(error_of("zero.txt", "a\0b").contains("zero byte at byte 2"));
    assert!(error_of("odd.txt", b"\xFF\xFEa\0b").contains("UTF-16"));
    assert!(read(Path::new("absent.txt"), None).unwrap_err().to_string().contains("absent.txt"));
}

#[test]
fn subrip() {
    let file = "\u{FEFF}1\r\n00:00:00,000 --> 00:00:02,500 X1:10 Y1:20\r\n<i>Tom &amp; I</i>\r\nplanned {\\an8}shifts\r\n\r\n2\r\n0:00:02.500 --> 0:00:04\r\nfor 3 &lt; 5 <font color=\"red\">days</font>\r\n3\r\n00:00:04,000 --> 00:00:05,000\r\nfor 3 < 5 days\r\n\r\n";
    let transcript = parsed("a.srt", file, None).unwrap();
    assert_eq!(transcript.text, "Tom & I planned shifts for 3 < 5 days for 3 < 5 days");
    assert_eq!((transcript.words.len(), transcript.confidence, transcript.language), (0, None, None));
    assert_eq!(
        text_of("unnamed", "1\n00:00:00,000 --> 00:00:01,000\n2020\n\n"),
        "2020",
        "recognised by its content, and a number may be text"
    );
    assert_eq!(text_of("a.srt", "00:00:00,000 --> 00:00:01,000\nno number\n"), "no number");
    assert!(error_of("a.srt", "1\n00:00:00,000 --> 00:00:9x,000\nhello\n").contains("a timing on line 2 that cannot be read"));
    assert!(error_of("a.srt", "1\n00:00:00,000 -> 00:00:09,000\nhello\n").contains("outside a subtitle on line 1"));
    assert!(error_of("a.srt", "1\n00:00:00,000 --> 00:00:09,000\nhello\n\nworld\n").contains("outside a subtitle on line 5"));
    assert!(error_of("a.srt", "1\n00:99:00,000 --> 00:00:09,000\nhello\n").contains("line 2"));
}

#[test]
fn webvtt() {
    let file = "WEBVTT - an answer\nKind: captions\n\nNOTE\nnothing --\nto see\n\nSTYLE\n::cue { color: red }\n\nfirst\n00:00.000 --> 00:02.000 align:start position:0%\n<v Jane Roe>I&#39;d say <b>&quot;yes&quot;</b>\n\n01:00:02.000 --> 01:00:04.000\n<00:00:02.500><c.loud> and</c> no&nbsp;more&hellip; &unknown; &#x41;\n\n00:04.000 --> 00:05.000\nand no\n\nNOTE end\n";
    assert_eq!(text_of("a.vtt", file), "I'd say \"yes\" and no more… &unknown; A and no");
    assert_eq!(text_of("named.txt", "WEBVTT\n\n00:00.000 --> 00:02.000\na <3 b > c & d\n"), "a <3 b > c & d");
    assert_eq!(text_of("a.vtt", "WEBVTT\n"), "");
    assert!(error_of("a.vtt", "00:00.000 --> 00:02.000\nhello\n").contains("does not begin with `WEBVTT` on line 1"));
    assert!(error_of("a.vtt", "WEBVTT\n\n00:00.000 --> 2\nhello\n").contains("a timing on line 3"));
    assert!(error_of("a.vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\nhello\n\nlost\ntext\n").contains("outside a cue on line 6"));
    // References and tags cut off by the end of the line.
    assert_eq!(
        text_of("a.vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\n한국어 &가나다라마바; &# <\n&amp\n"),
        "한국어 &가나다라마바; &# < &amp"
    );
}

#[test]
fn whisper_cpp() {
    let short = r#"{"systeminfo":"AVX","model":{"type":"base"},"params":{"language":"en"},"result":{"language":"en"},
        "transcription":[{"timestamps":{"from":"00:00:00,000","to":"00:00:02,000"},"offsets":{"from":0,"to":2000},"text":" I planned"},
                         {"timestamps":{"from":"00:00:02,000","to":"00:00:03,000"},"offsets":{"from":2000,"to":3000},"text":" shifts."}]}"#;
    let transcript = parsed("a.json", short, None).unwrap();
    assert_eq!((transcript.text.as_str(), transcript.language.as_deref()), ("I planned shifts.", Some("en")));
    assert_eq!((transcript.words.len(), transcript.confidence), (0, None));
    let full = r#"{"result":{"language":"en"},"transcription":[{"text":" I planned.","tokens":[
        {"text":"[_BEG_]","offsets":{"from":0,"to":0},"p":0.99},
        {"text":" I","offsets":{"from":10,"to":100},"p":0.9},
        {"text":" plan","offsets":{"from":100,"to":300},"p":0.5},
        {"text":"ned","offsets":{"from":300,"to":500},"p":0.7},
        {"text":".","offsets":{"from":500,"to":490},"p":0.9}]}]}"#;
    let transcript = parsed("a.json", full, None).unwrap();
    let [first, second] = transcript.words.as_slice() else { panic!("{:?}", transcript.words) };
    assert_eq!(*first, word("I", 0.01, 0.1, Some(0.9)));
    assert_eq!((second.word.as_str(), second.start, second.end), ("planned.", 0.1, 0.49));
    assert!((second.confidence.unwrap() - 0.7).abs() < 1e-12 && (transcript.confidence.unwrap() - 0.8).abs() < 1e-12);
    // Half of a Korean syllable per token: no UTF-8, but the text is whole.
    let mut halves = r#"{"transcription":[{"text":"일","tokens":[{"text":""#.as_bytes().to_vec();
    halves.extend(b"\xEC\"");
    halves.extend(br#","offsets":{"from":0,"to":5},"p":0.5},{"text":""#);
    halves.extend(b"\x9D\xBC\"");
    halves.extend(br#","offsets":{"from":5,"to":9},"p":0.7}]}]}"#);
    let transcript = parsed("a.json", &halves, None).unwrap();
    assert_eq!((transcript.text.as_str(), transcript.words.len(), transcript.confidence), ("일", 0, Some(0.6)));
    let text = error_of("a.json", b"{\"transcription\":[{\"text\":\"caf\xE9\"}]}");
    assert!(text.contains("not UTF-8 text in `transcription`, entry 1"), "{text}");
    assert!(error_of("a.json", r#"{"transcription":[{"text":7}]}"#).contains("no string `text` at `transcription`, entry 1"));
    assert!(error_of("a.json", r#"{"transcription":{}}"#).contains("no list `transcription`"));
}

#[test]
fn openai_json() {
    let verbose = r#"{"task":"transcribe","language":"english","duration":3.2,"text":"I planned shifts.",
        "segments":[{"id":0,"start":0.0,"end":2.0,"text":" I planned","avg_logprob":-0.1,"no_speech_prob":0.01},
                    {"id":1,"start":2.0,"end":3.2,"text":" shifts.","avg_logprob":-0.3}],
        "words":[{"word":"I","start":0.0,"end":0.2},{"word":"planned","start":0.2,"end":0.9}]}"#;
    let transcript = parsed("a.json", verbose, None).unwrap();
    assert_eq!((transcript.text.as_str(), transcript.language.as_deref()), ("I planned shifts.", Some("english")));
    assert_eq!(transcript.words, [word("I", 0.0, 0.2, None), word("planned", 0.2, 0.9, None)]);
    let expected = f64::midpoint((-0.1_f64).exp(), (-0.3_f64).exp());
    assert!((transcript.confidence.unwrap() - expected).abs() < 1e-12);
    let local = r#"{"text":" Yes, I did.","language":"en","segments":[{"text":" Yes, I did.","avg_logprob":-3,
        "words":[{"word":" Yes,","start":0.5,"end":0.7,"probability":0.5},{"word":" 3"},{"word":" I","start":0.7,"end":0.8,"probability":1.0}]}]}"#;
    let transcript = parsed("a.json", local, None).unwrap();
    assert_eq!((transcript.text.as_str(), transcript.words.len(), transcript.confidence), ("Yes, I did.", 2, Some(0.75)));
    assert_eq!(text_of("a.json", r#"{"text":"Only text."}"#), "Only text.");
    assert_eq!(text_of("a.json", r#"{"segments":[{"text":"One."},{"text":"Two."}]}"#), "One. Two.");
    assert_eq!(text_of("a.json", r#"{"segments":[{"text":" 한국"},{"text":"어"}]}"#), "한국어");
    assert!(
        error_of("a.json", r#"{"text":"a","segments":[{"text":"a","words":[{"word":"a","start":-1,"end":2}]}]}"#).contains("at word 1")
    );
    assert!(error_of("a.json", "{\"text\": \"a\",\n \"segments\": [}").contains("line 2 column 15"));
    assert!(error_of("a.json", r#"{"words":1,"who":2}"#).contains("its fields are: words, who"));
    assert!(error_of("a.json", "[1]").contains("value 1 is no object"));
    assert!(parsed("a.json", r#"{"text":"a"}"#, Some(Format::Aws)).unwrap_err().contains("`results`"));
    assert!(parsed("a.json", r#"{"text":"a"}{"text":"b"}"#, Some(Format::Whisper)).unwrap_err().contains("holds 2 JSON values"));
}

#[test]
fn vosk() {
    let one = r#"{"result":[{"conf":0.5,"end":0.9,"start":0.3,"word":"good"},{"conf":1.0,"end":1.2,"start":0.9,"word":"morning"}],"text":"good morning"}"#;
    let two = r#"{"partial":""} {"result":[{"conf":0.9,"end":3.0,"start":2.0,"word":"all"}],"text":"all"}"#;
    let transcript = parsed("a.json", format!("{one}\n{two}"), None).unwrap();
    assert_eq!(transcript.text, "good morning all");
    assert_eq!(transcript.words[1], word("morning", 0.9, 1.2, Some(1.0)));
    assert!((transcript.confidence.unwrap() - 0.8).abs() < 1e-12);
    assert_eq!(parsed("a.json", format!("[{one},{{\"text\":\"\"}}]"), None).unwrap().words.len(), 2);
    let alternatives =
        r#"{"alternatives":[{"confidence":214.5,"text":"yes","result":[{"word":"yes","start":0,"end":1,"conf":214.5}]},{"text":"no"}]}"#;
    let transcript = parsed("a.json", alternatives, None).unwrap();
    assert_eq!((transcript.text.as_str(), transcript.confidence), ("yes", None));
    assert_eq!(transcript.words, [word("yes", 0.0, 1.0, None)]);
    assert!(error_of("a.json", r#"{"result":[]}"#).contains("no string `text` at result 1"));
}

#[test]
fn google() {
    let file = r#"{"results":[
        {"alternatives":[{"transcript":"I planned","confidence":0.9,"words":[
            {"startTime":"0s","endTime":"0.200s","word":"I","confidence":0.8},{"startTime":"0.200s","endTime":"1.100s","word":"planned","confidence":0.6}]},
            {"transcript":"I plant"}],"languageCode":"en-us","resultEndTime":"2.5s"},
        {"alternatives":[{"transcript":" shifts","confidence":0.7,"words":[{"startTime":{"seconds":"1","nanos":500000000},"endTime":"2s","word":"shifts"}]}]},
        {"alternatives":[{"words":[{"startTime":"0s","endTime":"0.2s","word":"I","speakerTag":1}]}]}]}"#;
    for content in [file.to_owned(), format!(r#"{{"name":"1","done":true,"response":{file}}}"#)] {
        let transcript = parsed("a.json", content, None).unwrap();
        assert_eq!((transcript.text.as_str(), transcript.language.as_deref()), ("I planned shifts", Some("en-us")));
        assert_eq!(transcript.words.len(), 3, "the speakers' list repeats");
        assert_eq!(transcript.words[2], word("shifts", 1.5, 2.0, None));
        assert!((transcript.confidence.unwrap() - 0.7).abs() < 1e-12);
    }
    let plain =
        r#"{"results":[{"alternatives":[{"transcript":"yes","confidence":0.9}]},{"alternatives":[{"transcript":"no","confidence":0}]}]}"#;
    let transcript = parsed("a.json", plain, None).unwrap();
    assert_eq!((transcript.text.as_str(), transcript.confidence), ("yes no", Some(0.9)), "0 means unknown");
    assert_eq!(parsed("a.json", "{}", Some(Format::Google)).unwrap(), Transcript::default());
}

#[test]
fn amazon() {
    let file = r#"{"jobName":"j","accountId":"1","status":"COMPLETED","results":{"language_code":"en-US","transcripts":[{"transcript":"Yes, I did."}],"items":[
        {"start_time":"0.04","end_time":"0.5","type":"pronunciation","alternatives":[{"confidence":"0.9","content":"Yes"}]},
        {"type":"punctuation","alternatives":[{"confidence":"0.0","content":","}]},
        {"start_time":"0.5","end_time":"0.6","type":"pronunciation","alternatives":[{"confidence":"0.7","content":"I"}]}]}}"#;
    let transcript = parsed("a.json", file, None).unwrap();
    assert_eq!((transcript.text.as_str(), transcript.language.as_deref()), ("Yes, I did.", Some("en-US")));
    assert_eq!(transcript.words, [word("Yes", 0.04, 0.5, Some(0.9)), word("I", 0.5, 0.6, Some(0.7))]);
    assert!((transcript.confidence.unwrap() - 0.8).abs() < 1e-12);
    let text = error_of("a.json", file.replace("\"0.04\"", "\"soon\""));
    assert!(text.contains("has no times at `items`, entry 1"), "{text}");
    assert!(error_of("a.json", r#"{"results":{"items":[]}}"#).contains("no list `transcripts`"));
}

#[test]
fn ctm() {
    let file = ";; made by hand\nanswer A 0.10 0.30 I 0.9\nanswer A 0.40 0.50 planned\n\nanswer A 1.00 0.50 일 0.7\n";
    let transcript = parsed("a.ctm", file, None).unwrap();
    assert_eq!(transcript.text, "I planned 일");
    assert_eq!(transcript.words[1], word("planned", 0.4, 0.9, None));
    assert!((transcript.confidence.unwrap() - 0.8).abs() < 1e-12);
    assert!(error_of("a.ctm", "a A 0 1 x\na A 0 1\n").contains("4 columns on line 2"));
    assert!(error_of("a.ctm", "a A 0 1 x\na A * 1 y\n").contains("`*` for the start on line 2"));
    assert!(error_of("a.ctm", "a A 0 1 x\na B 0 1 y\n").contains("channel `B` on line 2"));
    assert!(error_of("a.ctm", "a A NaN 1 x\n").contains("line 1"));
}

fn said(text: &str, confidence: Option<f64>) -> Transcript {
    Transcript { text: text.to_owned(), confidence, ..Transcript::default() }
}

#[test]
fn words_and_characters_of_many_scripts() {
    for (text, words, characters) in [
        ("", 0, 0),
        ("I didn't -- well, 3 days.", 5, 20),
        ("저는 병원에서 일했습니다.", 3, 12),
        ("私は病院で働きました", 5, 10),
        ("我在医院工作。", 3, 7),
        ("ผมทำงาน", 2, 7),
        ("cafe\u{301}", 1, 4),
        ("\u{1112}\u{1161}\u{11AB}\u{1100}\u{116E}\u{11A8}", 1, 2),
        ("[BLANK_AUDIO]", 0, 13),
        ("[Music] yes [ Silence ] no [", 2, 22),
        ("… ♪ — !", 0, 4),
    ] {
        assert_eq!((count_words(text), count_characters(text)), (words, characters), "{text}");
    }
}

#[test]
fn garbage_is_treated_as_missing() {
    let limits = Limits::default();
    let judge = |transcript: &Transcript, seconds: f64| assess(transcript, seconds, &limits).unwrap();
    let fifty = "word ".repeat(50);
    let good = judge(&said(&fifty, Some(0.9)), 30.0);
    assert_eq!((good.words, good.words_per_minute, good.missing), (50, Some(100.0), None));
    assert_eq!(judge(&said(" [BLANK_AUDIO] ", None), 30.0).missing, Some(Reason::Empty));
    assert_eq!(judge(&said("one two", None), 7.0).missing, Some(Reason::TooFewWords { found: 120.0 / 7.0, lowest: 20.0 }));
    assert_eq!(judge(&said("one", None), 5.0).missing, None, "short answers are not judged by their rate");
    assert_eq!(judge(&said(&fifty, None), 7.0).missing, Some(Reason::TooManyWords { found: 3_000.0 / 7.0, highest: 400.0 }));
    assert_eq!(judge(&said(&fifty, None), 7.5).missing, None, "the limit itself is allowed");
    assert_eq!(judge(&said(&fifty, Some(0.39)), 30.0).missing, Some(Reason::LowConfidence { found: 0.39, lowest: 0.4 }));
    assert_eq!(judge(&said(&fifty, None), 0.0).words_per_minute, None);
    let text = Reason::LowConfidence { found: 0.39, lowest: 0.4 }.to_string();
    assert_eq!(text, "the recogniser's mean confidence is 0.39, under the limit of 0.4");
    for (limits, seconds, setting) in [
        (Limits { lowest_words_per_minute: -1.0, ..limits }, 1.0, "lowest words per minute"),
        (Limits { highest_words_per_minute: 10.0, ..limits }, 1.0, "highest words per minute"),
        (Limits { lowest_confidence: f64::NAN, ..limits }, 1.0, "lowest confidence"),
        (Limits { from_seconds: f64::INFINITY, ..limits }, 1.0, "seconds from which"),
        (limits, f64::NAN, "length of the recording"),
    ] {
        let text = assess(&said("a", None), seconds, &limits).unwrap_err().to_string();
        assert!(text.contains(setting), "{text}");
    }
    assert!(assess(&said("a", None), 1.0, &Limits { highest_words_per_minute: f64::INFINITY, ..limits }).is_ok());
}

/// A folder with a blank and a brace in its name, so that quoting matters.
fn recording() -> (TempDir, PathBuf) {
    let folder = tempfile::Builder::new().prefix("an answer {out} ").tempdir().unwrap();
    let path = folder.path().join("it's one.wav");
    std::fs::write(&path, "not really sound").unwrap();
    (folder, path)
}

fn recogniser(command: &str, seconds: f64) -> Recogniser {
    Recogniser { command: command.to_owned(), limit: Duration::from_secs_f64(seconds) }
}

fn no_shell() -> bool {
    let absent = !Path::new("/bin/sh").exists();
    if absent {
        eprintln!("skipped: there is no /bin/sh to play the recogniser");
    }
    absent
}

/// Runs a shell script with the sound as `$1`, the output path as `$2` and the language as `$3`.
fn script(script: &str, seconds: f64) -> Result<Transcript, String> {
    let (_folder, wav) = recording();
    let command = format!("/bin/sh -c '{script}' name {{wav}} {{out}} \"{{language}}\"");
    recogniser(&command, seconds).transcribe(&wav, Some("ko")).map_err(|error| error.to_string())
}

#[test]
fn a_recogniser_writes_where_it_likes() {
    if no_shell() {
        return;
    }
    for (body, expected) in [
        ("echo Good morning.", "Good morning."),
        ("cat \"$1\"", "not really sound"),
        ("echo \"$3\"", "ko"),
        ("echo no; echo yes > \"$2.txt\"", "yes"),
        ("echo yes > \"$2\"", "yes"),
        ("echo no > \"$2.txt\"; echo {\\\"text\\\":\\\"yes\\\"} > \"$2.json\"", "yes"),
        ("mkdir \"$2\"; echo no > \"$2/a.txt\"; printf \"1\\n00:00:00,000 --> 00:00:01,000\\nyes\\n\" > \"$2/b.srt\"", "yes"),
        ("echo", ""),
        ("printf \"%s\" \"[00:00:00.000 --> 00:00:01.000]   yes\"", "yes"),
    ] {
        assert_eq!(script(body, 20.0).unwrap_or_else(|text| panic!("{body}: {text}")).text, expected, "{body}");
    }
}

#[test]
fn a_failing_recogniser_says_why() {
    if no_shell() {
        return;
    }
    let text = script("printf \"\\033[31mno such model\\033[0m\\a \\342\\200\\256x\\n\" >&2; exit 3", 20.0).unwrap_err();
    assert!(text.contains("`sh` ended with exit status: 3; it printed: no such model x;"), "{text}");
    let text = script("i=0; while [ $i -lt 5000 ]; do echo line $i >&2; i=$((i+1)); done; exit 1", 20.0).unwrap_err();
    assert!(text.contains("line 4999") && !text.contains("line 4000 ") && text.len() < 700, "{text}");
    assert!(script("true", 20.0).unwrap_err().contains("wrote no transcript"));
    assert!(script("echo { > \"$2.json\"", 20.0).unwrap_err().contains("wrote a transcript that is not JSON"));
    assert!(script("kill -9 $$", 20.0).unwrap_err().contains("signal: 9"));
}

#[cfg(target_os = "linux")]
fn running(marker: &str) -> bool {
    let commands = std::fs::read_dir("/proc").unwrap().filter_map(|entry| std::fs::read(entry.ok()?.path().join("cmdline")).ok());
    commands.into_iter().any(|command| String::from_utf8_lossy(&command).contains(marker))
}

#[cfg(target_os = "linux")]
fn gone(marker: &str) -> bool {
    let start = Instant::now();
    while running(marker) && start.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    !running(marker)
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_outlives_a_recogniser() {
    if no_shell() {
        return;
    }
    let process = std::process::id();
    // One that hangs with a child: both end at the limit.
    let (child, own) = (format!("300.1{process}"), format!("300.2{process}"));
    let start = Instant::now();
    let text = script(&format!("echo loading >&2; sleep {child} & sleep {own}"), 0.6).unwrap_err();
    assert!(text.contains("did not end within 0.6 s and was stopped; it printed: loading"), "{text}");
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(gone(&child) && gone(&own));
    // One that ends and leaves a child behind.
    let left = format!("300.3{process}");
    assert_eq!(script(&format!("sleep {left} & echo done"), 20.0).unwrap().text, "done");
    assert!(gone(&left));
}

#[cfg(target_os = "linux")]
#[test]
fn a_recogniser_ends_with_us_even_when_we_are_killed() {
    const INNER: &str = "EVENHAND_TEST_MARKER";
    if let Ok(marker) = std::env::var(INNER) {
        let _ = script(&format!("sleep {marker} & sh -c \"sleep {marker} & wait\" & exec sleep {marker}"), 60.0);
        return;
    }
    if no_shell() {
        return;
    }
    let marker = format!("300.4{}", std::process::id());
    let name = "speech::a_recogniser_ends_with_us_even_when_we_are_killed";
    let mut child = crate::sandbox::again(name, INNER, &marker, "exec").stdout(Stdio::null()).spawn().unwrap();
    let sleeps = || running(&format!("sleep\0{marker}"));
    let start = Instant::now();
    while !sleeps() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(sleeps(), "it was started");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(gone(&format!("sleep\0{marker}")));
}

#[test]
fn what_a_recogniser_prints_names_no_folder_of_this_run() {
    if no_shell() {
        return;
    }
    let text = script("echo \"/bin/sh: no sound in $1, cannot write $2.json in ${2%/out/*}\" >&2; exit 1", 20.0).unwrap_err();
    assert!(text.contains("it printed: sh: no sound in {wav}, cannot write {out}.json in {folder};"), "{text}");
}

#[test]
fn a_command_is_written_down_without_places_of_this_machine() {
    let (folder, wav) = recording();
    let model = folder.path().join("model.bin");
    std::fs::write(&model, "weights").unwrap();
    let command =
        format!("whisper -f {{wav}} --model=\"{0}\" -x \"{0}\" -d '{1}' plain 'two words'", model.display(), folder.path().display());
    let recogniser = recogniser(&command, 1.0);
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(recogniser.described(), format!("whisper -f {{wav}} --model=model.bin -x model.bin -d '{name}' plain 'two words'"));
    assert_eq!(recogniser.files(), [model.clone(), model]);
    drop(wav);
}

#[test]
fn commands_that_make_no_sense() {
    let (_folder, wav) = recording();
    let refused = |command: &str| recogniser(command, 5.0).transcribe(&wav, None).unwrap_err().to_string();
    assert!(refused("").contains("a program and its arguments"));
    assert!(refused("'' {wav}").contains("a program and its arguments"));
    assert!(refused("whisper -f 'x {wav}").contains("quotes are closed"));
    assert!(refused("whisper \"{wav}").contains("quotes are closed"));
    assert!(refused("whisper {wav} \\").contains("quotes are closed"));
    assert!(refused("whisper -f sound.wav").contains("`{wav}`"));
    assert!(refused("no-such-recogniser-here -f {wav}").contains("`no-such-recogniser-here` could not be started"));
    assert!(recogniser("a {wav}", 0.0).check().unwrap_err().to_string().contains("time limit"));
    assert!(recogniser("a {wav}", 1.0).check().is_ok());
    let absent = recogniser("a {wav}", 1.0).transcribe(Path::new("absent.wav"), None);
    assert!(absent.unwrap_err().to_string().contains("absent.wav"));
}

#[test]
fn quoting_as_in_a_shell_but_without_one() {
    if no_shell() {
        return;
    }
    let (_folder, wav) = recording();
    let words = r#"a\ b "c \"d\" \\ \e $HOME" 'f "g" \' '' x'y'"z" * {language} {other} > file"#;
    let command = format!("/bin/sh -c 'for word in \"$@\"; do printf \"(%s)\\n\" \"$word\"; done' name {{wav}} {words}");
    let text = recogniser(&command, 20.0).transcribe(&wav, None).unwrap().text;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("({})", wav.display()), "a path with blanks and braces is one word");
    assert_eq!(
        lines[1..],
        ["(a b)", r#"(c "d" \ \e $HOME)"#, r#"(f "g" \)"#, "()", "(xyz)", "(*)", "(auto)", "({other})", "(>)", "(file)"]
    );
}

/// What a reader says of a file that was made to exhaust the machine, and that it says so at once.
fn quickly<T>(text: &str, ending: &str, read: impl FnOnce(&Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("hostile.{ending}"));
    std::fs::write(&path, text).unwrap();
    let start = Instant::now();
    let result = read(&path);
    // Where every sign looks at all that follow these take minutes.
    assert!(start.elapsed() < Duration::from_secs(20), "{ending}: {:?}", start.elapsed());
    result
}

#[test]
fn transcripts_of_any_make_cost_little() {
    let refused = |text: &str, ending: &str, limit: &str| {
        let told = quickly(text, ending, |path| read(path, None)).unwrap_err().to_string();
        assert!(told.contains(limit) && told.contains("is no transcript: "), "{told}");
    };
    refused(
        &"a".repeat((16 << 20) + 1),
        "txt",
        "16777217 bytes of a transcript's file are more than the limit `transcript-bytes` allows, 16777216",
    );
    refused(&"a".repeat((2 << 20) + 1), "txt", "the limit `transcript-text` allows");
    refused(&format!("1\n00:00:00,000 --> 00:00:01,000\n{}", "a\n".repeat(3 << 20)), "srt", "`transcript-text`");
    refused(&format!("[{}0]", "0,".repeat(1 << 20)), "json", "`transcript-values`");
    refused(&format!("[{}0]", "{},".repeat(200_001)), "json", "`transcript-objects`");
    refused(&"f a 0 1 w\n".repeat(200_001), "ctm", "`transcript-words`");
    // Signs within quotes are text.
    let quoted = format!("{{\"text\": \"{}\"}}", "[{,\\\"".repeat(250_000));
    assert_eq!(quickly(&quoted, "json", |path| read(path, None)).unwrap().text.len(), 4 * 250_000);

    // A beginning without an end, again and again.
    let cue = "WEBVTT\n\n00:00.000 --> 00:01.000\n";
    for (sign, ending, head) in
        [("<a", "vtt", cue), ("{\\", "srt", "1\n00:00:00,000 --> 00:00:01,000\n"), ("&", "vtt", cue), ("[", "txt", "")]
    {
        let text = sign.repeat(400_000);
        let transcript = quickly(&format!("{head}{text}\n"), ending, |path| read(path, None)).unwrap();
        assert_eq!(transcript.text, text, "{ending}");
        let counted = quickly("", "txt", |_| assess(&transcript, 0.0, &Limits::default())).unwrap();
        assert_eq!(counted.characters, text.len());
    }
}
