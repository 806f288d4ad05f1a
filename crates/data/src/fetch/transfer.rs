//! One address into one `.part` file: ranges, redirects, limits.
//!
//! The part file survives every failure that a later run can go on from. Beside it lies `NAME.part.tag` with the server's validator
//! (strong ETag, else Last-Modified), which goes back as `If-Range`: a server whose file has changed then sends the whole new one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ureq::http::{HeaderMap, Uri, header};
use ureq::{Agent, Body};

use super::{FetchError, TransferFailure};

/// How the network is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Asked instead of `https://` in front of every address: a mirror, or the server of a test. `http` is taken for this machine only.
    pub base: Option<String>,
    /// How often a download that breaks is taken up again within one run, as long as each attempt brings bytes.
    pub attempts: u32,
    /// The longest wait for a connection, an answer or the next byte.
    pub patience: Duration,
    /// Redirects that are followed.
    pub redirects: u32,
}

impl Default for Network {
    fn default() -> Self {
        Network { base: None, attempts: 4, patience: Duration::from_secs(30), redirects: 5 }
    }
}

impl Network {
    /// The address that is asked for a public one.
    pub(super) fn address(&self, public: &str) -> String {
        match &self.base {
            Some(base) => format!("{}/{}", base.trim_end_matches('/'), public.trim_start_matches("https://")),
            None => public.to_owned(),
        }
    }
}

/// What a transfer is to bring.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    /// The address to ask.
    pub(super) address: &'a str,
    /// The file that grows.
    pub(super) part: &'a Path,
    /// Its size, where it is known beforehand.
    pub(super) bytes: Option<u64>,
    /// The size it cannot exceed.
    pub(super) limit: u64,
}

/// A failure of the transfer, or of this machine.
#[derive(Debug)]
pub(super) enum Failure {
    Transfer(TransferFailure),
    Local(FetchError),
}

impl From<TransferFailure> for Failure {
    fn from(failure: TransferFailure) -> Self {
        Failure::Transfer(failure)
    }
}

/// Brings the whole file, resuming what lies there; `true` when the first byte came in an earlier run or attempt.
pub(super) fn transfer(wanted: &Wanted, network: &Network, on_bytes: &mut dyn FnMut(u64, Option<u64>)) -> Result<bool, Failure> {
    let mut attempt = 1;
    loop {
        let before = held(wanted.part);
        match once(wanted, network, on_bytes) {
            Ok(resumed) => return Ok(resumed),
            Err(Failure::Transfer(TransferFailure::CutOff { received, .. })) if attempt < network.attempts && received > before => {
                attempt += 1;
            }
            Err(failure) => {
                // A part that nothing was written to helps nobody.
                if held(wanted.part) == 0 && !matches!(failure, Failure::Local(FetchError::Busy { .. })) {
                    discard(wanted.part);
                }
                return Err(failure);
            }
        }
    }
}

/// Forgets an unfinished file.
pub(super) fn discard(part: &Path) {
    // Whatever cannot be removed is refused by its hash in the next run.
    let _ = fs::remove_file(part);
    let _ = fs::remove_file(tag_file(part));
}

fn held(part: &Path) -> u64 {
    fs::metadata(part).map_or(0, |metadata| metadata.len())
}

fn tag_file(part: &Path) -> PathBuf {
    let mut name = part.as_os_str().to_owned();
    name.push(".tag");
    PathBuf::from(name)
}

fn once(wanted: &Wanted, network: &Network, on_bytes: &mut dyn FnMut(u64, Option<u64>)) -> Result<bool, Failure> {
    let local = |action| move |source| Failure::Local(FetchError::File { path: wanted.part.to_owned(), action, source });
    let mut part =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(wanted.part).map_err(local("cannot be written"))?;
    match part.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(Failure::Local(FetchError::Busy { folder: wanted.part.to_owned() })),
        // A file system without locks: go on, the hash decides.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }

    let mut offset = part.metadata().map_err(local("cannot be read"))?.len();
    if offset > wanted.limit {
        offset = 0;
    }
    let tag = fs::read_to_string(tag_file(wanted.part)).ok();
    let mut answer = ask(wanted.address, network, (offset > 0).then_some((offset, tag.as_deref())))?;

    if answer.status == 416 && offset > 0 {
        if content_range(&answer.headers).is_some_and(|range| range == (None, Some(offset))) {
            return Ok(true);
        }
        answer = ask(wanted.address, network, None)?;
    } else if answer.status == 206 && content_range(&answer.headers).is_none_or(|(start, _)| start != Some(offset)) {
        answer = ask(wanted.address, network, None)?;
    }
    let total = match answer.status {
        200 => {
            offset = 0;
            answer.body.content_length()
        }
        206 if offset > 0 => content_range(&answer.headers).and_then(|(_, total)| total),
        status => return Err(TransferFailure::Status(status).into()),
    };
    if total.is_some_and(|total| total > wanted.limit) {
        drop(part);
        discard(wanted.part);
        return Err(TransferFailure::TooLarge { limit: wanted.limit }.into());
    }

    part.set_len(offset).and_then(|()| part.seek(SeekFrom::Start(offset))).map_err(local("cannot be written"))?;
    keep_tag(wanted.part, &answer.headers);
    let resumed = offset > 0;
    let received = copy(answer.body, &mut part, offset, wanted, total, network, on_bytes)?;
    part.sync_all().map_err(local("cannot be written"))?;

    let expected = total.or(wanted.bytes);
    if expected.is_some_and(|expected| received < expected) {
        return Err(TransferFailure::CutOff { received, expected, reason: "the connection was closed".to_owned() }.into());
    }
    Ok(resumed)
}

fn copy(
    body: Body,
    part: &mut File,
    offset: u64,
    wanted: &Wanted,
    total: Option<u64>,
    network: &Network,
    on_bytes: &mut dyn FnMut(u64, Option<u64>),
) -> Result<u64, Failure> {
    let mut reader = body.into_reader();
    let mut buffer = vec![0; 64 * 1024];
    let mut received = offset;
    on_bytes(received, total);
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(received),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let failure = if timed_out(&error) {
                    TransferFailure::Stalled { received, seconds: network.patience.as_secs() }
                } else {
                    TransferFailure::CutOff { received, expected: total.or(wanted.bytes), reason: error.to_string() }
                };
                return Err(failure.into());
            }
        };
        if received + count as u64 > wanted.limit {
            discard(wanted.part);
            return Err(TransferFailure::TooLarge { limit: wanted.limit }.into());
        }
        part.write_all(&buffer[..count])
            .map_err(|source| Failure::Local(FetchError::File { path: wanted.part.to_owned(), action: "cannot be written", source }))?;
        received += count as u64;
        on_bytes(received, total);
    }
}

fn timed_out(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock)
        || error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<ureq::Error>())
            .is_some_and(|inner| matches!(inner, ureq::Error::Timeout(_)))
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Body,
}

/// Sends the request and follows redirects, checking every address on the way.
fn ask(address: &str, network: &Network, range: Option<(u64, Option<&str>)>) -> Result<Answer, Failure> {
    let own_machine = is_own_machine(address);
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("evenhand/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(network.patience))
        .timeout_connect(Some(network.patience))
        .timeout_recv_response(Some(network.patience))
        .timeout_per_read(Some(network.patience))
        .timeout_per_write(Some(network.patience));
    // A proxy set for the outside is not asked for this machine.
    let agent: Agent = if own_machine { config.proxy(None).build() } else { config.build() }.into();

    let mut place = address.to_owned();
    for _ in 0..=network.redirects {
        let allowed = place.starts_with("https://") || (own_machine && is_own_machine(&place));
        if !allowed {
            return Err(TransferFailure::NotEncrypted(place).into());
        }
        let mut request = agent.get(&place).header(header::ACCEPT_ENCODING, "identity");
        if let Some((offset, tag)) = range {
            request = request.header(header::RANGE, format!("bytes={offset}-"));
            if let Some(tag) = tag {
                request = request.header(header::IF_RANGE, tag);
            }
        }
        let (parts, body) = request.call().map_err(|error| TransferFailure::NoAnswer(error.to_string()))?.into_parts();
        if !matches!(parts.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body });
        }
        let location = text(&parts.headers, &header::LOCATION).unwrap_or_default();
        place = resolve(&place, location).ok_or_else(|| TransferFailure::BadRedirect(location.to_owned()))?;
    }
    Err(TransferFailure::TooManyRedirects(network.redirects).into())
}

fn is_own_machine(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    uri.host().is_some_and(|host| {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

/// The address a redirect leads to, from the address that sent it.
fn resolve(from: &str, location: &str) -> Option<String> {
    if location.is_empty() {
        return None;
    }
    if location.contains("://") {
        return location.parse::<Uri>().ok().map(|_| location.to_owned());
    }
    let uri = from.parse::<Uri>().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let place = if let Some(rest) = location.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = uri.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    place.parse::<Uri>().ok().map(|_| place)
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// First byte and total of `bytes 5-9/10` or `bytes */10`.
fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = text(headers, &header::CONTENT_RANGE)?.strip_prefix("bytes")?.trim().split_once('/')?;
    Some((range.split_once('-').and_then(|(start, _)| start.parse().ok()), total.parse().ok()))
}

/// Keeps what `If-Range` may carry: a strong ETag or a date. A weak ETag is not allowed there.
fn keep_tag(part: &Path, headers: &HeaderMap) {
    let etag = text(headers, &header::ETAG).filter(|tag| tag.starts_with('"'));
    let kept = match etag.or_else(|| text(headers, &header::LAST_MODIFIED)) {
        Some(tag) => fs::write(tag_file(part), tag),
        None => fs::remove_file(tag_file(part)),
    };
    // Without a validator the next run still resumes, and the hash decides.
    drop(kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_is_read_against_its_address() {
        let resolved = |location| resolve("https://a.org/x/y.csv?z=1", location);
        assert_eq!(resolved("https://b.org/q").as_deref(), Some("https://b.org/q"));
        assert_eq!(resolved("//b.org/q").as_deref(), Some("https://b.org/q"));
        assert_eq!(resolved("/q").as_deref(), Some("https://a.org/q"));
        assert_eq!(resolved("q").as_deref(), Some("https://a.org/x/q"));
        assert_eq!(resolved(""), None);
        assert_eq!(resolved("http://a b/"), None);
    }

    #[test]
    fn only_this_machine_may_speak_without_encryption() {
        for own in ["http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:9/x"] {
            assert!(is_own_machine(own), "{own}");
        }
        for foreign in ["http://example.org/", "http://127.0.0.1@example.org/", "http://localhost.example.org/", "nonsense"] {
            assert!(!is_own_machine(foreign), "{foreign}");
        }
    }

    #[test]
    fn content_ranges_are_read() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_RANGE, value.parse().unwrap());
            content_range(&headers)
        };
        assert_eq!(read("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(read("bytes */10"), Some((None, Some(10))));
        assert_eq!(read("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(read("lines 5-9/10"), None);
    }
}
