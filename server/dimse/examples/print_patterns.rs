//! Prints films of known patterns, so that a printer under test can be asked what arrived: `print_patterns HOST:PORT AE
//! grey|colour COLUMNSxROWS`.
//!
//! Sample `n` of picture `p` counted from 0 is `(n * 7 + p * 13) mod 4096` in twelve bits; every second grey picture, and
//! colours, are the same modulo 256. Pictures have 40 rows of 30 columns.

use std::error::Error;

use dimse::client::print::{Film, Job, Orientation, Picture, Pixels, Tones};
use dimse::{Client, ClientConfig};

const ROWS: u16 = 40;
const COLUMNS: u16 = 30;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    match print().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn print() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, title, tones, places] = arguments.as_slice() else {
        return Err("usage: print_patterns HOST:PORT AE grey|colour COLUMNSxROWS".into());
    };
    let tones = match tones.as_str() {
        "grey" => Tones::Grey,
        "colour" => Tones::Colour,
        _ => return Err("expected grey or colour".into()),
    };
    let (columns, rows) = places.split_once('x').ok_or("expected COLUMNSxROWS")?;
    let places: (u16, u16) = (columns.parse()?, rows.parse()?);
    let samples = usize::from(ROWS) * usize::from(COLUMNS) * if tones == Tones::Colour { 3 } else { 1 };
    let count = usize::from(places.0) * usize::from(places.1);
    let wide: Vec<Vec<u16>> = (0..count)
        .map(|p| (0..samples).map(|n| ((n * 7 + p * 13) % 4096) as u16).collect())
        .collect();
    let narrow: Vec<Vec<u8>> = wide
        .iter()
        .map(|picture| picture.iter().map(|s| (s % 256) as u8).collect())
        .collect();
    let picture = |p: usize| Picture {
        rows: ROWS,
        columns: COLUMNS,
        pixels: match tones {
            Tones::Colour => Pixels::Rgb8(&narrow[p]),
            Tones::Grey if p.is_multiple_of(2) => Pixels::Grey12(&wide[p]),
            Tones::Grey => Pixels::Grey8(&narrow[p]),
        },
        width_mm: (p == 0).then_some(50.0),
    };
    let job = Job {
        tones,
        copies: 1,
        medium: "BLUE FILM",
        destination: "MAGAZINE",
        films: vec![Film {
            places,
            size: "14INX17IN",
            orientation: Orientation::Portrait,
            pictures: (0..count).map(picture).collect(),
        }],
    };
    let config = ClientConfig::new("UPTAKE", title);
    let mut client = Client::connect(address.as_str(), &config, &[tones.proposal()]).await?;
    let state = client.printer(tones).await?;
    println!("printer {} {}", state.status, state.detail);
    for remark in client.print(&job).await? {
        println!("remark {remark}");
    }
    client.release().await?;
    println!("printed {count} pictures");
    Ok(())
}
