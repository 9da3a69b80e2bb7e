//! What is asked for.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use shaper::Shape;

/// Whose pictures are looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Whose {
    /// Of a program that is started for it.
    Program(PathBuf),
    /// Of one that runs already.
    Address(SocketAddr),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    pub whose: Whose,
    pub data: Option<PathBuf>,
    /// A header of who asks: `cookie: …` or `authorization: Bearer …`, from a file.
    pub credential: Option<PathBuf>,
    pub studies: Vec<String>,
    /// tiny, normal or bench.
    pub demo: String,
    pub side: u32,
    pub seconds: f64,
    pub sessions: usize,
    /// Who open the same at the same moment.
    pub viewers: usize,
    pub openings: usize,
    pub shape: Option<Shape>,
    pub cut: Option<Duration>,
    pub wado_s: Option<f64>,
    pub p95_ms: Option<f64>,
    pub shaped_p95_ms: Option<f64>,
    pub budget_mb: f64,
    pub is_decoding: bool,
}

impl Options {
    /// Reads the words behind the program's name.
    pub fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let whose = words
            .next()
            .context("expected the program uptake or an address, found nothing")?;
        let whose = match whose.parse() {
            Ok(address) => Whose::Address(address),
            Err(_) => Whose::Program(whose.into()),
        };
        let mut options = Self {
            whose,
            data: None,
            credential: None,
            studies: Vec::new(),
            demo: "bench".to_owned(),
            side: 1024,
            seconds: 10.0,
            sessions: 20,
            viewers: 0,
            openings: 5,
            shape: None,
            cut: None,
            wado_s: None,
            p95_ms: None,
            shaped_p95_ms: None,
            budget_mb: 2048.0,
            is_decoding: false,
        };
        while let Some(name) = words.next() {
            if name == "--decode" {
                options.is_decoding = true;
                continue;
            }
            let value = words
                .next()
                .with_context(|| format!("{name}: expected a value, found nothing"))?;
            options.set(&name, value)?;
        }
        ensure!(
            matches!(options.whose, Whose::Program(_)) || options.credential.is_some(),
            "an address needs --credential, a file with a header as cookie: uptake_session=..."
        );
        Ok(options)
    }

    fn set(&mut self, name: &str, value: String) -> anyhow::Result<()> {
        let number = || {
            let number = value.parse::<f64>().ok().filter(|number| *number >= 0.0);
            number.with_context(|| format!("{name}: expected a number, found {value:?}"))
        };
        match name {
            "--data" => self.data = Some(value.into()),
            "--credential" => self.credential = Some(value.into()),
            "--studies" => self.studies = value.split(',').map(str::to_owned).collect(),
            "--demo" => self.demo = value,
            "--size" => self.side = number()? as u32,
            "--seconds" => self.seconds = number()?,
            "--sessions" => self.sessions = number()? as usize,
            "--viewers" => self.viewers = number()? as usize,
            "--openings" => self.openings = number()? as usize,
            "--shape" => self.shape = Some(value.parse()?),
            "--cut" => self.cut = Some(shaper::duration(&value)?),
            "--wado" => self.wado_s = Some(number()?),
            "--p95-ms" => self.p95_ms = Some(number()?),
            "--shaped-p95-ms" => self.shaped_p95_ms = Some(number()?),
            "--budget-mb" => self.budget_mb = number()?,
            _ => bail!(
                "expected --data, --credential, --studies, --demo, --size, --seconds, --sessions, --viewers, --openings, \
                 --shape, --cut, --wado, --p95-ms, --shaped-p95-ms, --budget-mb or --decode, found {name:?}"
            ),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> anyhow::Result<Options> {
        Options::read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn words_are_options() {
        let options = read(
            "target/uptake --size 512 --shape 60ms,20Mbit --cut 10s --p95-ms 60 --decode --studies 1.2,1.3",
        );
        let options = options.unwrap();
        assert_eq!(options.whose, Whose::Program("target/uptake".into()));
        assert_eq!((options.side, options.cut), (512, Some(Duration::from_secs(10))));
        assert_eq!(options.shape.unwrap().round_trip(), Duration::from_millis(60));
        assert_eq!((options.p95_ms, options.is_decoding), (Some(60.0), true));
        assert_eq!(options.studies, ["1.2", "1.3"]);
        let options = read("127.0.0.1:8080 --credential file").unwrap();
        assert_eq!(options.whose, Whose::Address(([127, 0, 0, 1], 8080).into()));
    }

    #[test]
    fn other_words_are_not() {
        for (words, part) in [
            ("", "found nothing"),
            ("127.0.0.1:8080", "needs --credential"),
            ("uptake --size", "--size: expected a value"),
            ("uptake --size large", "--size: expected a number"),
            ("uptake --seconds -1", "--seconds: expected a number"),
            ("uptake --shape 60", "expected a time"),
            ("uptake --speed 3", "found \"--speed\""),
        ] {
            let error = format!("{:#}", read(words).unwrap_err());
            assert!(error.contains(part), "{words}: {error}");
        }
    }
}
