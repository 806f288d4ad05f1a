//! Plain timings for `reference/media/minilm.py`: reads a JSON array of texts from standard input, prints one JSON object.
//!
//! ```sh
//! cargo run --release -p evenhand-media --example text_times -- FOLDER [REPETITIONS] < texts.json
//! ```
//!
//! Seconds to open the model, and for each text its vector and the median of the times after one that is not counted. One thread.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::path::Path;
use std::time::Instant;

use evenhand_media::text::TextEncoder;
use evenhand_media::text::bert::{Bert, BertOptions};
use evenhand_media::text::pooling::Pooling;
use serde_json::json;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let repetitions = arguments.get(1).map_or(15, |count| count.parse().unwrap());
    let texts: Vec<String> = serde_json::from_reader(std::io::stdin()).unwrap();
    let start = Instant::now();
    let bert = Bert::open(Path::new(&arguments[0]), BertOptions { pooling: Pooling::UnitMean, tokens_limit: None }).unwrap();
    let load_seconds = start.elapsed().as_secs_f64();
    let results: Vec<_> = texts
        .iter()
        .map(|text| {
            let encoded = bert.encode(text).unwrap().unwrap();
            let mut times: Vec<f64> = (0..repetitions)
                .map(|_| {
                    let start = Instant::now();
                    std::hint::black_box(bert.encode(std::hint::black_box(text)).unwrap());
                    start.elapsed().as_secs_f64()
                })
                .collect();
            times.sort_by(f64::total_cmp);
            json!({"seconds": times[times.len() / 2], "fastest": times[0], "tokens": encoded.tokens, "chunks": encoded.chunks, "vector": encoded.vector})
        })
        .collect();
    println!("{}", json!({"load_seconds": load_seconds, "texts": results}));
}
