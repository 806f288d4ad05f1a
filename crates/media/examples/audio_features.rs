//! Short-term features of a WAV file as text: `audio_features FILE WINDOW STEP [REPEATS]`.
//!
//! One line per frame with 68 numbers that read back exactly. With REPEATS, the seconds of the fastest of that many runs (without
//! reading the file) follow as a last line that begins with `#`. `reference/media/audio.py --compare` runs it beside pyAudioAnalysis.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use evenhand_media::audio::features::{FEATURES, short_term};
use evenhand_media::audio::wav;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, window, step, repeats @ ..] = arguments.as_slice() else {
        return Err("usage: audio_features FILE WINDOW STEP [REPEATS]".into());
    };
    let waveform = wav::read(Path::new(file), f64::INFINITY)?;
    let (window, step) = (window.parse()?, step.parse()?);
    let features = short_term(&waveform, window, step)?;
    let mut text = String::new();
    for row in features.values.chunks(FEATURES) {
        let numbers: Vec<String> = row.iter().map(|value| format!("{value:e}")).collect();
        writeln!(text, "{}", numbers.join(" "))?;
    }
    if let Some(repeats) = repeats.first() {
        let mut fastest = f64::INFINITY;
        for _ in 0..repeats.parse::<usize>()? {
            let start = Instant::now();
            std::hint::black_box(short_term(&waveform, window, step)?);
            fastest = fastest.min(start.elapsed().as_secs_f64());
        }
        writeln!(text, "# {fastest:e}")?;
    }
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
