//! How many pictures, and how good: from what a link was seen to carry.
//!
//! At most two pictures are under way. What moves is drawn as well as the link and the drawer can do at the rate wanted,
//! what rests in full.

use std::collections::VecDeque;

use engine::presentation::Size;

/// Pictures that may be under way.
const UNDER_WAY: usize = 2;
/// A picture that is not answered for so long is taken for lost.
const LOST_AFTER_S: f64 = 5.0;
/// Seconds that a moving picture may take on the link.
const ON_LINK_S: f64 = 0.05;
/// Seconds that a moving picture may take to draw at full size before it is drawn smaller.
const DRAWN_S: f64 = 0.03;
/// Shorter sides of pictures are not halved.
const LEAST_SIDE: u32 = 256;

/// How good a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fidelity {
    /// In a hurry.
    Moving,
    /// In full, without what an eye would miss.
    Still,
    /// In full, pixel for pixel.
    Exact,
}

impl Fidelity {
    /// The protocol's word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Moving => "moving",
            Self::Still => "still",
            Self::Exact => "exact",
        }
    }
}

/// What was seen of a link.
#[derive(Debug, Clone, Default)]
pub struct Link {
    under_way: VecDeque<UnderWay>,
    /// Shortest time from sending to its being on the screen, lately.
    round_trip_s: Option<f64>,
    bytes_per_s: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    picture: u64,
    bytes: usize,
    sent_s: f64,
}

impl Link {
    /// Whether another picture may be sent.
    pub fn has_room(&mut self, now_s: f64) -> bool {
        while self
            .under_way
            .front()
            .is_some_and(|first| now_s - first.sent_s > LOST_AFTER_S)
        {
            self.under_way.pop_front();
        }
        self.under_way.len() < UNDER_WAY
    }

    /// Whether as many are under way as may be.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.under_way.len() >= UNDER_WAY
    }

    /// Whether one is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Notes that a picture was sent.
    pub fn sent(&mut self, picture: u64, bytes: usize, now_s: f64) {
        self.under_way.push_back(UnderWay {
            picture,
            bytes,
            sent_s: now_s,
        });
    }

    /// Notes that a picture is on the screen, and so are all before it; gives whether it was under way.
    pub fn shown(&mut self, picture: u64, now_s: f64) -> bool {
        let Some(at) = self.under_way.iter().position(|one| one.picture == picture) else {
            return false;
        };
        let one = self.under_way[at];
        self.under_way.drain(..=at);
        let took_s = (now_s - one.sent_s).max(1e-4);
        // The floor follows a link that became slower, slowly.
        let floor_s = self
            .round_trip_s
            .map_or(took_s, |known| took_s.min(known * 1.02 + 1e-4));
        self.round_trip_s = Some(floor_s);
        let on_link_s = (took_s - 0.8 * floor_s).max(1e-4);
        let seen = one.bytes as f64 / on_link_s;
        self.bytes_per_s = Some(self.bytes_per_s.map_or(seen, |known| 0.7 * known + 0.3 * seen));
        true
    }

    /// Seconds from sending a small picture to its being on the screen; none until one was.
    #[must_use]
    pub fn round_trip_s(&self) -> Option<f64> {
        self.round_trip_s
    }

    /// Quality of a JPEG, 1 to 100, and by what the sides are divided, of a moving picture of this size: as its bytes go
    /// over the link in time, and in `draw_s` at full size.
    #[must_use]
    pub fn moving(&self, size: Size, draw_s: f64) -> (u8, u32) {
        let drawn = if draw_s > DRAWN_S && size.width.min(size.height) >= LEAST_SIDE {
            2
        } else {
            1
        };
        let pixels = f64::from(size.width) * f64::from(size.height);
        let budget = self.bytes_per_s.unwrap_or(f64::INFINITY) * ON_LINK_S;
        // Bytes a pixel of pictures of this kind at these qualities, measured on fused PET-CT.
        for (quality, divisor, bytes_a_pixel) in
            [(85, 1, 0.11), (70, 1, 0.075), (80, 2, 0.025), (60, 2, 0.016)]
        {
            if divisor >= drawn && pixels * bytes_a_pixel <= budget {
                return (quality, divisor);
            }
        }
        match drawn {
            1 if budget == f64::INFINITY => (85, 1),
            _ if budget == f64::INFINITY => (80, 2),
            _ => (50, 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Size = Size {
        width: 1024,
        height: 1024,
    };

    #[test]
    fn two_pictures_are_under_way_and_a_lost_one_is_given_up() {
        let mut link = Link::default();
        assert!(link.has_room(0.0));
        link.sent(1, 1000, 0.0);
        assert!(link.has_room(0.0));
        link.sent(2, 1000, 0.0);
        assert!(!link.has_room(0.1));
        assert!(!link.shown(7, 0.1), "never sent");
        assert!(link.shown(2, 0.1), "and with it the one before");
        assert!(!link.is_busy());
        link.sent(3, 1000, 1.0);
        link.sent(4, 1000, 1.0);
        assert!(!link.has_room(5.9));
        assert!(link.has_room(6.1));
    }

    /// A link of so many bytes a second and so long a way: pictures of what it is told to send.
    fn settled(bytes_per_s: f64, way_s: f64, draw_s: f64) -> (u8, u32) {
        let mut link = Link::default();
        let mut now_s = 0.0;
        for picture in 0..40 {
            // Small ones among them, as cursors and thumbnails make them.
            let bytes = if picture % 4 == 0 { 500 } else { 60_000 };
            link.sent(picture, bytes, now_s);
            now_s += way_s + bytes as f64 / bytes_per_s;
            link.shown(picture, now_s);
        }
        link.moving(FULL, draw_s)
    }

    #[test]
    fn quality_follows_the_link_and_size_the_drawer() {
        assert_eq!(Link::default().moving(FULL, 0.0), (85, 1), "nothing is known yet");
        assert_eq!(settled(1e8, 0.001, 0.01), (85, 1), "loopback");
        assert_eq!(settled(1e8, 0.001, 0.2), (80, 2), "slow to draw");
        let (quality, divisor) = settled(2.5e6, 0.06, 0.01);
        assert!(
            quality >= 70 && divisor <= 2,
            "20 Mbit/s over 60 ms: {quality}, {divisor}"
        );
        assert_eq!(settled(1e5, 0.3, 0.01), (50, 2), "a bad one");
    }
}
