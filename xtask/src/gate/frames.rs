//! `frames`: lengths at every boundary, and values that are bombs, at the decoders of the three languages. What is
//! announced takes no memory, and what has come takes little more than it is long, until a method's own type reads it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use hallway::connection::{Inbox, Received, Wire};
use hallway::encoding::Raw;
use hallway::limits::{FRAME_MAX, FRAME_SKIP_MAX, READ_SIZE};
use hallway::protocol::Message;
use peak_alloc::PeakAlloc;
use serde::Deserialize;
use serde_json::Value;

use super::{Outcome, Run};

/// For the whole program: there is one allocator in a process.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What may be taken before a byte of a body has come, in bytes.
const ANNOUNCED_MAX: usize = 64 * 1024;

/// How many times its frame a call may take that is read as what its method declares: the frame as it grows, from one buffer
/// to the next one, which is longer by a quarter at most. Both are counted, also where the system only moves the end.
const TYPED_MAX: f64 = 2.25;

/// What a value may take that is read as a tree of values, in bytes: in Rust if a method asks for one, elsewhere always.
const TREE_MAX: usize = 64 * 1024 * 1024;

/// Texts that are short for what they become. Each is repeated, with a comma between, in a list or, with `#` for another
/// name each time, in an object.
const SHAPES: &[(&str, &str)] = &[
    ("numbers", "0"),
    ("long numbers", "0.1234567890123456"),
    ("empty lists", "[]"),
    ("empty objects", "{}"),
    ("objects of one", r#"{"":0}"#),
    ("lists in lists", "[[[[[[[[]]]]]]]]"),
    ("empty texts", r#""""#),
    ("escaped texts", r#""\u00e9\n""#),
    ("texts", r#""xxxxxxxxxxxxxxxx""#),
    ("nothing", "null"),
    ("members", r##""#":0"##),
];

/// What a typed method reads of it: nothing that is there.
#[derive(Deserialize)]
struct Typed {
    #[serde(rename = "text")]
    _text: Option<String>,
}

pub(super) fn run(run: &Run) -> Outcome {
    announced()?;
    boundaries()?;
    let length = run.count(FRAME_MAX, 1024 * 1024);
    let mut most = (0.0_f64, 0);
    for (name, shape) in SHAPES {
        let bomb = bomb(shape, length);
        for member in ["params", "new"] {
            let frame = framed(&format!(r#"{{"id":7,"call":"x.y","{member}":{bomb}}}"#));
            let typed = peak(&frame, |params| drop(params.decode::<Typed>()));
            let tree = peak(&frame, |params| drop(params.decode::<Value>()));
            let ratio = ratio(typed, frame.len());
            most = (most.0.max(ratio), most.1.max(tree));
            if ratio > TYPED_MAX {
                return Err(
                    format!("{name} as `{member}`: {typed} bytes for a frame of {}", frame.len()).into()
                );
            }
            if tree > frame.len() * 2 + TREE_MAX {
                return Err(format!("{name} as `{member}`: a tree of {tree} bytes").into());
            }
        }
    }
    println!(
        "Rust: {} shapes of {length} bytes, each as parameters and as an unknown member: typed methods take {:.2} times \
         the frame at most, a tree of values {} MiB",
        SHAPES.len(),
        most.0,
        most.1 >> 20
    );
    for language in [PYTHON, NODE] {
        // Their instruments are slow.
        elsewhere(&language, run.count(4 * 1024 * 1024, 256 * 1024))?;
    }
    Ok(())
}

/// Every length that is announced, and one byte.
fn announced() -> Outcome {
    let lengths = [1, FRAME_MAX as u64 - 1, FRAME_MAX as u64, FRAME_MAX as u64 + 1, FRAME_SKIP_MAX];
    let refused = [0, FRAME_SKIP_MAX + 1, 1 << 31, (1 << 32) - 1];
    let mut most = 0;
    for (length, fits) in
        lengths.map(|length| (length, true)).into_iter().chain(refused.map(|length| (length, false)))
    {
        let mut bytes = u32::try_from(length)?.to_be_bytes().to_vec();
        bytes.push(b'{');
        for piece in [1, bytes.len()] {
            let mut taken = true;
            most = most.max(allocated(|| {
                let mut inbox = Inbox::new(Wire::NATIVE);
                taken = bytes.chunks(piece).all(|piece| inbox.receive(piece, |_| ()).is_ok());
            }));
            if taken != fits {
                return Err(
                    format!("a length of {length} is {}", if taken { "taken" } else { "refused" }).into()
                );
            }
        }
    }
    if most > ANNOUNCED_MAX {
        return Err(format!("an announced length takes {most} bytes").into());
    }
    println!("Rust: 9 announced lengths take {most} bytes at most");
    Ok(())
}

/// Bodies as long as the limit, a byte less and a byte more, in pieces of several sizes.
fn boundaries() -> Outcome {
    for (length, fits) in [(1, true), (FRAME_MAX - 1, true), (FRAME_MAX, true), (FRAME_MAX + 1, false)] {
        let mut frame = u32::try_from(length)?.to_be_bytes().to_vec();
        frame.resize(frame.len() + length, b' ');
        for piece in
            [4, 4096, READ_SIZE, frame.len()].into_iter().filter(|piece| frame.len() / piece < 1 << 20)
        {
            let (mut inbox, mut codes) = (Inbox::new(Wire::NATIVE), Vec::new());
            for piece in frame.chunks(piece) {
                inbox.receive(piece, |received| {
                    if let Received::Refused(refusal) = received {
                        codes.push(refusal.error.code);
                    }
                })?;
            }
            let expected = if fits { "bad_message" } else { "frame_too_long" };
            if codes != [expected] || inbox.is_within_message() {
                return Err(format!("a body of {length} bytes by {piece}: {codes:?}").into());
            }
        }
    }
    println!("Rust: bodies of 1, limit - 1, limit and limit + 1 bytes are told apart, in any pieces");
    Ok(())
}

fn bomb(shape: &str, length: usize) -> String {
    let is_member = shape.contains('#');
    let room = length.saturating_sub(64);
    let mut bomb = String::with_capacity(length);
    bomb.push(if is_member { '{' } else { '[' });
    for number in 0.. {
        let element = shape.replacen('#', &number.to_string(), 1);
        if bomb.len() + element.len() + 1 > room {
            break;
        }
        if number > 0 {
            bomb.push(',');
        }
        bomb.push_str(&element);
    }
    bomb.push(if is_member { '}' } else { ']' });
    bomb
}

fn framed(body: &str) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), body.as_bytes()].concat()
}

/// What it takes to receive a call, and to read its parameters.
fn peak(frame: &[u8], read: impl Fn(Raw<'_>)) -> usize {
    allocated(|| {
        let mut inbox = Inbox::new(Wire::NATIVE);
        for piece in frame.chunks(READ_SIZE) {
            let _followed = inbox.receive(piece, |received| {
                if let Received::Message(Message::Call(call)) = received
                    && let Some(params) = call.params
                {
                    read(params);
                }
            });
        }
    })
}

/// The most that something has allocated at once, in bytes.
fn allocated(act: impl FnOnce()) -> usize {
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    act();
    ALLOCATED.peak_usage().saturating_sub(before)
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of some millions")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// A client in another language, as a program that reads bombs from its standard input, one a line, and writes what each
/// took, after what the announced lengths took.
struct Language {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
    script: &'static str,
    install: &'static str,
}

const PYTHON: Language = Language {
    name: "Python",
    program: "python3",
    arguments: &["-c"],
    script: include_str!("frames/decode.py"),
    install: "apt-get install python3",
};

const NODE: Language = Language {
    name: "TypeScript",
    program: "node",
    arguments: &["--expose-gc", "--input-type=module", "--eval"],
    script: include_str!("frames/decode.mjs"),
    install: "apt-get install nodejs npm, and compile: cargo test -p hallway-clients --test it typescript",
};

fn elsewhere(language: &Language, length: usize) -> Outcome {
    let Language { name, program, arguments, script, install } = language;
    let clients = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients");
    let mut child = Command::new(program)
        .args(*arguments)
        .arg(script)
        .env("PYTHONPATH", clients.join("python/src"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HALLWAY_CLIENT", clients.join("typescript/dist/src"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{program} cannot be run ({error}): {install}"))?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    for (_, shape) in SHAPES {
        let bomb = bomb(shape, length);
        for member in ["params", "new"] {
            writeln!(input, r#"{{"id":7,"call":"x.y","{member}":{bomb}}}"#)?;
        }
    }
    drop(input);
    let ran = child.wait_with_output()?;
    if !ran.status.success() {
        return Err(format!("{name}: {}; if it is not there: {install}", ran.status).into());
    }
    let told: Vec<usize> =
        String::from_utf8(ran.stdout)?.lines().map(str::parse).collect::<Result<_, _>>()?;
    let Some((&announced, peaks)) = told.split_first().filter(|(_, peaks)| peaks.len() == 2 * SHAPES.len())
    else {
        return Err(format!("{name}: {} figures", told.len()).into());
    };
    let most = peaks.iter().copied().max().unwrap_or_default();
    println!(
        "{name}: announced lengths take {announced} bytes at most, a frame of {length} bytes {} MiB",
        most >> 20
    );
    if announced > ANNOUNCED_MAX {
        return Err(format!("{name}: an announced length takes {announced} bytes").into());
    }
    if most > TREE_MAX {
        return Err(format!("{name}: a frame takes {most} bytes").into());
    }
    Ok(())
}
