//! A small HTTP server on this machine whose answers a test writes down.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What the client asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) range: Option<String>,
    pub(super) if_range: Option<String>,
}

impl Request {
    /// First byte of `Range: bytes=N-`.
    pub(super) fn offset(&self) -> usize {
        self.range.as_deref().map_or(0, |range| range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap())
    }
}

/// What the server sends back.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    /// Sends only so many bytes of the body, then closes.
    pub(super) cut: Option<usize>,
    /// Sends only so many bytes of the body, then waits without closing.
    pub(super) stall: Option<(usize, Duration)>,
    /// Leaves `Content-Length` out.
    pub(super) no_length: bool,
}

impl Answer {
    pub(super) fn whole(body: &[u8]) -> Self {
        Answer { status: 200, body: body.to_vec(), ..Answer::default() }
    }

    pub(super) fn status(status: u16) -> Self {
        Answer { status, ..Answer::default() }
    }

    pub(super) fn redirect(to: &str) -> Self {
        Answer { status: 302, headers: vec![("Location", to.to_owned())], ..Answer::default() }
    }

    /// The rest of a body from the asked byte on.
    pub(super) fn rest(body: &[u8], offset: usize) -> Self {
        let range = format!("bytes {offset}-{}/{}", body.len() - 1, body.len());
        Answer { status: 206, headers: vec![("Content-Range", range)], body: body[offset..].to_vec(), ..Answer::default() }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// The running server; it ends with the test's process.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) base: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` gets the request and its number, counted from 0.
    pub(super) fn start(answer: impl Fn(&Request, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let Some(request) = read(&stream) else { continue };
                let number = {
                    let mut record = record.lock().unwrap();
                    record.push(request.clone());
                    record.len() - 1
                };
                let answer = answer(&request, number);
                thread::spawn(move || send(stream, &answer));
            }
        });
        Server { base, seen }
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut request = Request { path: first.split(' ').nth(1)?.to_owned(), range: None, if_range: None };
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            return Some(request);
        }
        let (name, value) = line.split_once(':')?;
        match name.to_ascii_lowercase().as_str() {
            "range" => request.range = Some(value.trim().to_owned()),
            "if-range" => request.if_range = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    None
}

fn send(mut stream: TcpStream, answer: &Answer) {
    let mut lines = vec![format!("HTTP/1.1 {} x", answer.status), "Connection: close".to_owned()];
    if !answer.no_length {
        lines.push(format!("Content-Length: {}", answer.body.len()));
    }
    lines.extend(answer.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    let head = lines.join("\r\n") + "\r\n\r\n";
    let shown = answer.cut.or(answer.stall.map(|(bytes, _)| bytes)).unwrap_or(answer.body.len());
    // The client may hang up first: that is what some tests are about.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&answer.body[..shown])).and_then(|()| stream.flush());
    if let Some((_, wait)) = answer.stall {
        thread::sleep(wait);
    }
}
