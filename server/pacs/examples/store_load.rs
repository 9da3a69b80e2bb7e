//! Stores files in an archive, ours or another, by a client that costs nearly nothing itself: everything it sends is made
//! before the clock runs. Gives objects a second, and of a server on this machine the processor time it took.
//!
//! ```text
//! store_load stow   HOST:PORT BASE     CONNECTIONS  OBJECTS-A-REQUEST  [--pid PID] FILES...
//! store_load cstore HOST:PORT AE-TITLE ASSOCIATIONS CALLING-AE         [--pid PID] FILES...
//! ```

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// What one connection sends, message by message, each answered before the next.
type Messages = Vec<Vec<u8>>;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let pid = arguments
        .iter()
        .position(|argument| argument == "--pid")
        .map(|at| {
            arguments.remove(at);
            arguments.remove(at)
        });
    let [kind, address, target, connections, last, files @ ..] = &arguments[..] else {
        panic!("expected: stow|cstore HOST:PORT TARGET CONNECTIONS LAST FILES...");
    };
    let connections: usize = connections.parse().expect("a number of connections");
    let files: Vec<Vec<u8>> = files
        .iter()
        .map(|path| std::fs::read(path).expect("a file"))
        .collect();
    let spread = |messages: Messages| {
        let mut spread: Vec<Messages> = vec![Vec::new(); connections];
        for (number, message) in messages.into_iter().enumerate() {
            spread[number % connections].push(message);
        }
        spread
    };
    let before = pid.as_deref().map(processor_s);
    let (stored, elapsed) = if kind == "stow" {
        let at_once: usize = last.parse().expect("a number of objects");
        let requests = files.chunks(at_once).map(|files| request(address, target, files));
        run(spread(requests.collect()), |requests| stow(address, requests))
    } else {
        let pdu_bytes = accepted_pdu_bytes(address, target, last);
        let messages = files.iter().map(|file| store_request(file, pdu_bytes));
        run(spread(messages.collect()), |messages| {
            cstore(address, target, last, messages)
        })
    };
    let count = files.len() as f64;
    print!(
        "{kind} {connections} x {last}: {stored} answered well, {:.0} objects/s",
        count / elapsed
    );
    if let (Some(before), Some(pid)) = (before, pid) {
        print!(
            ", {:.2} ms of processor an object",
            (processor_s(&pid) - before) * 1000.0 / count
        );
    }
    println!();
}

/// Runs the connections at once; gives what they count together, and the seconds it took.
fn run(connections: Vec<Messages>, send: impl Fn(&Messages) -> usize + Sync) -> (usize, f64) {
    let begun = Instant::now();
    let stored = std::thread::scope(|scope| {
        let threads: Vec<_> = connections
            .iter()
            .map(|messages| scope.spawn(|| send(messages)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a client"))
            .sum()
    });
    (stored, begun.elapsed().as_secs_f64())
}

/// Processor time of a process (proc(5): fields 14 and 15, in hundredths of a second).
fn processor_s(pid: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    (11..13)
        .map(|at| fields[at].parse::<f64>().expect("a number"))
        .sum::<f64>()
        / 100.0
}

fn request(host: &str, base: &str, files: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for file in files {
        body.extend_from_slice(b"--part\r\nContent-Type: application/dicom\r\n\r\n");
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--part--\r\n");
    let head = format!(
        "POST {base}/studies HTTP/1.1\r\nHost: {host}\r\nAccept: application/dicom+json\r\nContent-Type: \
         multipart/related; type=\"application/dicom\"; boundary=part\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

/// Counts requests answered with 200.
fn stow(address: &str, requests: &Messages) -> usize {
    let mut stream = connect(address);
    let mut stored = 0;
    for request in requests {
        stream.write_all(request).expect("to send");
        let mut answer = Vec::new();
        let mut piece = [0; 65536];
        while !is_whole(&answer) {
            match stream.read(&mut piece).expect("an answer") {
                0 => break,
                count => answer.extend_from_slice(&piece[..count]),
            }
        }
        stored += usize::from(answer.starts_with(b"HTTP/1.1 200"));
    }
    stored
}

fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    match length {
        Some(length) => answer.len() >= end + 4 + length.trim().parse::<usize>().expect("a length"),
        None => answer.ends_with(b"0\r\n\r\n"),
    }
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("an option of TCP");
    stream
}

/// What a PDU may have where the archive takes as much.
const PDU_BYTES: usize = 131_072;
const VERIFICATION: &[u8] = b"1.2.840.10008.1.1";
const EXPLICIT_LITTLE_ENDIAN: &[u8] = b"1.2.840.10008.1.2.1";

/// A C-STORE-RQ and its data set as PDUs (PS3.7 9.3.1.1, PS3.8 9.3.5) of a file in Explicit VR Little Endian.
fn store_request(file: &[u8], pdu_bytes: usize) -> Vec<u8> {
    let meta_bytes = u32::from_le_bytes(file[140..144].try_into().expect("a length")) as usize;
    let (meta, data_set) = file[144..].split_at(meta_bytes);
    let mut values = std::collections::BTreeMap::new();
    let mut at = 0;
    while at < meta.len() {
        let element = u16::from_le_bytes([meta[at + 2], meta[at + 3]]);
        let is_long = matches!(&meta[at + 4..at + 6], b"OB" | b"UN");
        let (start, length) = if is_long {
            let length = meta[at + 8..at + 12].try_into().expect("a length");
            (at + 12, u32::from_le_bytes(length) as usize)
        } else {
            (
                at + 8,
                usize::from(u16::from_le_bytes([meta[at + 6], meta[at + 7]])),
            )
        };
        values.insert(element, &meta[start..start + length]);
        at = start + length;
    }
    let mut command = Vec::new();
    for (element, value) in [
        (0x0002, values[&2]),
        (0x0100, &[1, 0][..]),
        (0x0110, &[1, 0]),
        (0x0700, &[0, 0]),
        (0x0800, &[1, 0]),
        (0x1000, values[&3]),
    ] {
        command.extend_from_slice(&element_of_command(element, value));
    }
    let length = u32::try_from(command.len()).expect("a short command");
    let command = [element_of_command(0, &length.to_le_bytes()), command].concat();
    let mut pdus = pdu(&command, 3);
    let pieces = data_set.chunks(pdu_bytes - 6);
    let last = pieces.len() - 1;
    for (number, piece) in pieces.enumerate() {
        pdus.extend(pdu(piece, if number == last { 2 } else { 0 }));
    }
    pdus
}

fn element_of_command(element: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("a short value");
    [&[0, 0][..], &element.to_le_bytes(), &length.to_le_bytes(), value].concat()
}

/// A P-DATA-TF PDU of one fragment.
fn pdu(fragment: &[u8], control: u8) -> Vec<u8> {
    let length = u32::try_from(fragment.len() + 2).expect("a short fragment");
    [
        &[4, 0][..],
        &(length + 4).to_be_bytes(),
        &length.to_be_bytes(),
        &[1, control],
        fragment,
    ]
    .concat()
}

fn item(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("a short item");
    [&[kind, 0][..], &length.to_be_bytes(), content].concat()
}

/// An A-ASSOCIATE-RQ (PS3.8 9.3.2) that proposes the SOP class of the first object.
fn association(called: &str, calling: &str, sop_class: &[u8]) -> Vec<u8> {
    let title = |title: &str| format!("{title:<16}").into_bytes();
    let context = [
        &[1, 0, 0, 0][..],
        &item(0x30, sop_class),
        &item(0x40, EXPLICIT_LITTLE_ENDIAN),
    ]
    .concat();
    let user = [item(0x51, &131_072_u32.to_be_bytes()), item(0x52, b"1.2.3.4.5.6")].concat();
    let content = [
        &[0, 1, 0, 0][..],
        &title(called),
        &title(calling),
        &[0; 32],
        &item(0x10, b"1.2.840.10008.3.1.1.1"),
        &item(0x20, &context),
        &item(0x50, &user),
    ]
    .concat();
    let length = u32::try_from(content.len()).expect("a short request");
    [&[1, 0][..], &length.to_be_bytes(), &content].concat()
}

/// Asks for an association and lets it go again; gives what the archive takes in one PDU (PS3.8 D.1).
fn accepted_pdu_bytes(address: &str, called: &str, calling: &str) -> usize {
    let mut stream = connect(address);
    stream
        .write_all(&association(called, calling, VERIFICATION))
        .expect("to send");
    let accepted = answer(&mut stream);
    let item = accepted.windows(4).position(|four| four == [0x51, 0, 0, 4]);
    let at = item.expect("a maximum length") + 4;
    stream.write_all(&RELEASE).expect("to send");
    let _ = answer(&mut stream);
    match u32::from_be_bytes(accepted[at..at + 4].try_into().expect("four bytes")) {
        0 => PDU_BYTES,
        most => PDU_BYTES.min(most as usize),
    }
}

const RELEASE: [u8; 10] = [5, 0, 0, 0, 0, 4, 0, 0, 0, 0];

/// Counts objects answered with status 0.
fn cstore(address: &str, called: &str, calling: &str, messages: &Messages) -> usize {
    let Some(first) = messages.first() else { return 0 };
    // After PDU and fragment head, group length and Affected SOP Class UID's own head.
    let length = u32::from_le_bytes(first[28..32].try_into().expect("a length")) as usize;
    let sop_class: Vec<u8> = first[32..32 + length]
        .iter()
        .copied()
        .filter(|byte| *byte != 0)
        .collect();
    let mut stream = connect(address);
    stream
        .write_all(&association(called, calling, &sop_class))
        .expect("to send");
    assert_eq!(answer(&mut stream)[0], 2, "the association was not accepted");
    let mut stored = 0;
    for message in messages {
        stream.write_all(message).expect("to send");
        let answer = answer(&mut stream);
        let success = [0x00, 0x09, 2, 0, 0, 0, 0, 0];
        stored += usize::from(answer.windows(8).any(|eight| eight == success));
    }
    stream.write_all(&RELEASE).expect("to send");
    let _ = answer(&mut stream);
    stored
}

/// Reads one PDU.
fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut whole = vec![0; 6];
    let mut read = 0;
    while read < whole.len() {
        // Without it what is measured is the peer's Nagle algorithm, which waits for our delayed acknowledgement.
        #[cfg(target_os = "linux")]
        let _ = std::os::linux::net::TcpStreamExt::set_quickack(stream, true);
        match stream.read(&mut whole[read..]).expect("an answer") {
            0 => panic!("the peer is gone"),
            count => read += count,
        }
        if read == 6 {
            let length = u32::from_be_bytes(whole[2..6].try_into().expect("four bytes"));
            whole.resize(6 + length as usize, 0);
        }
    }
    whole
}
