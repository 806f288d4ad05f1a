//! Reads ChaLearn's pickles as data: dictionaries, texts and numbers, and numpy's scalar (the `interview` scores are such). Nothing is
//! run: every other name and operation is refused.

use std::collections::BTreeMap;

/// A value of a pickle.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Dictionary(Vec<(Value, Value)>),
    Text(String),
    /// Python 2's text: latin-1, or raw bytes of a number.
    Bytes(Vec<u8>),
    Number(f64),
    Tuple(Vec<Value>),
    /// The name of numpy's scalar.
    Scalar,
    /// The name of numpy's dtype, and the one element type that occurs: a little-endian f64.
    Type,
    Nothing,
    Mark,
}

impl Value {
    /// A key or a transcript.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Bytes(bytes) => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
            _ => None,
        }
    }
}

/// The value of a pickle; the error is a sentence about the file.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, String> {
    let mut machine = Machine { bytes, at: 0, stack: Vec::new(), memo: BTreeMap::new() };
    loop {
        let operation = machine.take(1)?[0];
        if operation == b'.' {
            return machine.pop();
        }
        machine.step(operation)?;
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    memo: BTreeMap<usize, Value>,
}

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len()).ok_or("is cut short")?;
        let part = &self.bytes[self.at..end];
        self.at = end;
        Ok(part)
    }

    fn whole(&mut self, count: usize) -> Result<usize, String> {
        Ok(self.take(count)?.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    fn line(&mut self) -> Result<&'a [u8], String> {
        let length = self.bytes[self.at..].iter().position(|&byte| byte == b'\n').ok_or("is cut short")?;
        let line = self.take(length)?;
        self.at += 1;
        Ok(line)
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(|| "is not a pickle of ChaLearn's".to_owned())
    }

    fn items(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark)).ok_or("is not a pickle of ChaLearn's")?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn keep(&mut self, place: usize) {
        // A dictionary is never referred to again in these files, and its copy would be stale.
        if let Some(value) = self.stack.last().filter(|value| !matches!(value, Value::Dictionary(_))) {
            self.memo.insert(place, value.clone());
        }
    }

    fn fetch(&mut self, place: usize) -> Result<(), String> {
        let value = self.memo.get(&place).ok_or("refers to a value that it does not hold")?.clone();
        self.stack.push(value);
        Ok(())
    }

    fn reduce(&mut self) -> Result<Value, String> {
        let Value::Tuple(arguments) = self.pop()? else { return Err("is not a pickle of ChaLearn's".to_owned()) };
        match (self.pop()?, arguments.as_slice()) {
            (Value::Type, [Value::Bytes(code), ..]) if code == b"f8" => Ok(Value::Type),
            (Value::Scalar, [Value::Type, Value::Bytes(raw)]) => {
                let raw: [u8; 8] = raw.as_slice().try_into().map_err(|_| "holds a number of another size than 8 bytes")?;
                Ok(Value::Number(f64::from_le_bytes(raw)))
            }
            _ => Err("calls something other than numpy's f64 scalar; nothing was run".to_owned()),
        }
    }

    fn step(&mut self, operation: u8) -> Result<(), String> {
        let value = match operation {
            0x80 => return self.take(1).map(|_| ()),
            b'}' => Value::Dictionary(Vec::new()),
            b'(' => Value::Mark,
            b'N' => Value::Nothing,
            b'G' => Value::Number(f64::from_be_bytes(self.take(8)?.try_into().map_err(|_| "is cut short")?)),
            b'K' => Value::Number(self.whole(1)? as f64),
            b'J' => Value::Number(f64::from(self.whole(4)? as u32 as i32)),
            b'U' => {
                let length = self.whole(1)?;
                Value::Bytes(self.take(length)?.to_vec())
            }
            b'X' => {
                let length = self.whole(4)?;
                Value::Text(String::from_utf8_lossy(self.take(length)?).into_owned())
            }
            b'c' => match (self.line()?, self.line()?) {
                (b"numpy.core.multiarray", b"scalar") => Value::Scalar,
                (b"numpy", b"dtype") => Value::Type,
                (module, name) => {
                    let name = format!("{}.{}", String::from_utf8_lossy(module), String::from_utf8_lossy(name));
                    return Err(format!("imports `{}`; nothing was run", name.escape_default()));
                }
            },
            b't' => Value::Tuple(self.items()?),
            0x86 | 0x87 => {
                let from = self.stack.len().checked_sub(usize::from(operation) - 0x84).ok_or("is not a pickle of ChaLearn's")?;
                Value::Tuple(self.stack.split_off(from))
            }
            b'R' => self.reduce()?,
            b'b' => match (self.pop()?, self.pop()?) {
                (Value::Tuple(state), Value::Type) if matches!(state.get(1), Some(Value::Bytes(order)) if order == b"<") => Value::Type,
                _ => return Err("holds numbers that are not little-endian".to_owned()),
            },
            b'q' | b'r' => {
                let place = self.whole(if operation == b'q' { 1 } else { 4 })?;
                self.keep(place);
                return Ok(());
            }
            b'h' | b'j' => {
                let place = self.whole(if operation == b'h' { 1 } else { 4 })?;
                return self.fetch(place);
            }
            b'u' => {
                let mut items = self.items()?.into_iter();
                let Some(Value::Dictionary(dictionary)) = self.stack.last_mut() else {
                    return Err("is not a pickle of ChaLearn's".to_owned());
                };
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    dictionary.push((key, value));
                }
                return Ok(());
            }
            other => return Err(format!("uses the pickle operation 0x{other:02x}, which these files do not need; nothing was run")),
        };
        self.stack.push(value);
        Ok(())
    }
}
