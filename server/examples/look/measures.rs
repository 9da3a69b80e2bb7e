//! What is measured of one conversation.

use std::time::{Duration, Instant};

use anyhow::ensure;
use serde_json::{Value, json};

use super::conversation::{Conversation, Door, Heard, Wish};
use super::likeness;
use super::wire::{Fidelity, Head};

/// Commands come as often as a screen is drawn.
const COMMANDS_PER_S: f64 = 60.0;
/// Useful is a picture of so many columns and rows at least.
const USEFUL_SIDE: u32 = 512;
/// Between a good JPEG and the picture itself, of 255; another slice, or one of few voxels, differs by more.
const MOST_DIFFERENCE: f64 = 6.0;

/// How soon pictures came after a click.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// The first useful one.
    pub first: Duration,
    pub still: Duration,
    /// Pixel for pixel, of all voxels.
    pub exact: Duration,
    /// Of the voxels, when the first came.
    pub fraction: f64,
    /// On the wire until the first.
    pub bytes: u64,
    /// Of the first from the exact one, of 255, where pictures are decoded.
    pub difference: Option<f64>,
}

/// Opens a series, and sees when its picture comes. The conversation goes on.
pub async fn opening(door: &Door, wish: &Wish) -> anyhow::Result<(Opening, Conversation)> {
    let begun = Instant::now();
    let mut conversation = door.open(wish).await?;
    let viewport = conversation.viewports[0];
    let (mut first, mut still, mut bytes) = (None, None, 0);
    let exact = loop {
        let (at, heard) = conversation.next().await?;
        let Heard::Picture(head, coded) = heard else {
            continue;
        };
        let view = conversation.view(viewport);
        // Of what the view showed before the voxels came there is a picture too: it is told apart by its turn.
        if head.viewport != viewport || head.turn < view.turn {
            continue;
        }
        let is_whole = head.fraction >= 1.0;
        let came = Came {
            since: at - begun,
            slice: view.slice,
            head,
            coded,
        };
        let (head, since) = (&came.head, came.since);
        if is_whole && head.fidelity >= Fidelity::Still {
            still.get_or_insert(since);
        }
        let is_exact = is_whole && head.fidelity == Fidelity::Exact;
        if first.is_none() {
            bytes += came.coded.len() as u64;
            if head.width.min(head.height) >= USEFUL_SIDE.min(wish.side) && head.fraction > 0.0 {
                first = Some(came.clone());
            }
        }
        if is_exact {
            break came;
        }
    };
    let first = first.unwrap_or_else(|| exact.clone());
    ensure!(
        first.slice == exact.slice,
        "expected the slice that rests, {:?}, found {:?} at first",
        exact.slice,
        first.slice
    );
    let difference = match door.is_decoding {
        true => Some(likeness::difference(
            (&first.head, &first.coded),
            (&exact.head, &exact.coded),
        )?),
        false => None,
    };
    ensure!(
        difference.is_none_or(|found| found <= MOST_DIFFERENCE),
        "expected the first picture to be that of the slice, found {difference:?} of 255 between it and the exact one"
    );
    let opening = Opening {
        first: first.since,
        still: still.unwrap_or(exact.since),
        exact: exact.since,
        fraction: first.head.fraction,
        bytes,
        difference,
    };
    Ok((opening, conversation))
}

/// A picture of the series that is opened.
#[derive(Debug, Clone)]
struct Came {
    since: Duration,
    slice: Option<[u64; 2]>,
    head: Head,
    coded: Vec<u8>,
}

/// What is done again and again.
#[derive(Debug, Clone, Copy)]
pub enum Gesture {
    /// Pages to and fro, over so many steps.
    Scroll { over: u32 },
    /// Turns about the body's axis, a full turn in four seconds.
    Turn,
}

impl Gesture {
    fn command(self, viewport: u32, number: u32) -> Value {
        match self {
            Self::Scroll { over } => {
                // From the middle: a quarter of the way there, back through it, and so on.
                let quarter = (over / 4).max(1);
                let is_forth = ((number + quarter) / (2 * quarter)).is_multiple_of(2);
                let steps = if is_forth { 1 } else { -1 };
                json!({"scroll": {"viewport": viewport, "steps": steps}})
            }
            Self::Turn => {
                let angle = f64::from(number + 1) / COMMANDS_PER_S * std::f64::consts::FRAC_PI_2;
                let azimuth = angle % std::f64::consts::TAU;
                json!({"look_from": {"viewport": viewport, "azimuth_rad": azimuth, "elevation_rad": 0.2}})
            }
        }
    }
}

/// What came of a gesture.
#[derive(Debug, Clone)]
pub struct Drag {
    /// Between the first command and the last.
    pub seconds: f64,
    /// That came in that time.
    pub images: usize,
    pub bytes: u64,
    /// From each command to the first picture that shows what it did.
    pub latencies: Vec<Duration>,
    /// Smallest and largest shorter side of a picture.
    pub sides: [u32; 2],
    /// From the end of the gesture.
    pub to_still: Duration,
    pub to_exact: Duration,
}

impl Drag {
    pub fn images_per_s(&self) -> f64 {
        self.images as f64 / self.seconds
    }

    pub fn kilobytes(&self) -> f64 {
        self.bytes as f64 / 1e3 / self.images.max(1) as f64
    }
}

/// Commands at a fixed rate, whether or not pictures come (open loop), then rest.
pub async fn drag(
    conversation: &mut Conversation,
    viewport: u32,
    gesture: Gesture,
    seconds: f64,
) -> anyhow::Result<Drag> {
    let before = conversation.view(viewport).turn;
    let begun = tokio::time::Instant::now();
    let count = (COMMANDS_PER_S * seconds) as u32;
    let due = |number: u32| begun + Duration::from_secs_f64(f64::from(number) / COMMANDS_PER_S);
    let mut given: Vec<Instant> = Vec::new();
    let mut seen = Vec::new();
    let mut number = 0;
    while number < count {
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(due(number)) => {
                given.push(Instant::now());
                conversation.command(&gesture.command(viewport, number), Some(before + 1));
                number += 1;
            }
            heard = conversation.next() => note(heard?, viewport, &mut seen),
        }
    }
    let ended = Instant::now();
    conversation.say(&json!({"rest": null}));
    let (to_still, to_exact) = rest(
        conversation,
        viewport,
        before + u64::from(count),
        ended,
        &mut seen,
    )
    .await?;
    let turns = conversation.view(viewport).turn - before;
    ensure!(
        turns == u64::from(count),
        "expected a turn of the view for each of {count} commands, found {turns}"
    );
    let begun = begun.into_std();
    let during: Vec<&Seen> = seen.iter().filter(|seen| seen.at <= ended).collect();
    let sides = during.iter().map(|seen| seen.side);
    Ok(Drag {
        seconds: (ended - begun).as_secs_f64(),
        images: during.len(),
        bytes: during.iter().map(|seen| seen.bytes as u64).sum(),
        latencies: latencies(&given, before, &seen),
        sides: [sides.clone().min().unwrap_or(0), sides.max().unwrap_or(0)],
        to_still,
        to_exact,
    })
}

/// A picture that came.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Instant,
    turn: u64,
    side: u32,
    bytes: usize,
    fidelity: Fidelity,
}

fn note((at, heard): (Instant, Heard), viewport: u32, seen: &mut Vec<Seen>) {
    if let Heard::Picture(head, coded) = heard
        && head.viewport == viewport
    {
        seen.push(Seen {
            at,
            turn: head.turn,
            side: head.width.min(head.height),
            bytes: coded.len(),
            fidelity: head.fidelity,
        });
    }
}

/// Waits for what comes at rest: in full, then pixel for pixel.
async fn rest(
    conversation: &mut Conversation,
    viewport: u32,
    last_turn: u64,
    ended: Instant,
    seen: &mut Vec<Seen>,
) -> anyhow::Result<(Duration, Duration)> {
    let came = |seen: &[Seen], fidelity| {
        let first = seen
            .iter()
            .find(|seen| seen.turn >= last_turn && seen.fidelity >= fidelity)?;
        Some(first.at.saturating_duration_since(ended))
    };
    loop {
        if let (Some(still), Some(exact)) = (came(seen, Fidelity::Still), came(seen, Fidelity::Exact)) {
            return Ok((still, exact));
        }
        note(conversation.next().await?, viewport, seen);
    }
}

/// The command of a number, from 0, is shown by the first picture that is `number + 1` turns or more after the start.
fn latencies(given: &[Instant], before: u64, seen: &[Seen]) -> Vec<Duration> {
    let mut seen = seen.iter().peekable();
    let mut latencies = Vec::new();
    for (number, given) in (1_u64..).zip(given) {
        while seen.next_if(|seen| seen.turn < before + number).is_some() {}
        let Some(shown) = seen.peek() else {
            break;
        };
        latencies.push(shown.at.saturating_duration_since(*given));
    }
    latencies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrolling_stays_within_its_way() {
        for over in [1, 4, 40, 133, 400] {
            let steps = |number| {
                let command = Gesture::Scroll { over }.command(1, number);
                command["scroll"]["steps"].as_i64().unwrap()
            };
            let mut at = 0;
            let (mut least, mut most) = (0, 0);
            for number in 0..2000 {
                at += steps(number);
                least = least.min(at);
                most = most.max(at);
            }
            let quarter = i64::from(over / 4).max(1);
            assert!(most <= quarter && least >= -quarter, "{over}: {least} to {most}");
            assert!(most > 0 && least < 0, "{over}: {least} to {most}");
        }
    }

    #[test]
    fn a_command_is_shown_by_the_first_picture_of_its_turn_or_a_later_one() {
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let seen = |ms, turn| Seen {
            at: at(ms),
            turn,
            side: 1024,
            bytes: 1,
            fidelity: Fidelity::Moving,
        };
        // Turn 10 before; commands at 0, 10, 20, 30 ms are turns 11 to 14. 12 and 13 are drawn as one picture.
        let given = [at(0), at(10), at(20), at(30)];
        let found = latencies(
            &given,
            10,
            &[seen(1, 10), seen(15, 11), seen(40, 13), seen(55, 14)],
        );
        let found: Vec<u128> = found.iter().map(Duration::as_millis).collect();
        assert_eq!(found, [15, 30, 20, 25]);
        // What never came is not counted as soon.
        assert_eq!(latencies(&given, 10, &[seen(15, 11)]).len(), 1);
    }
}
