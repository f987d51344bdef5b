//! Whether there is room for a label: what it would cover, and which of several places is free.

use super::words::Style;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    /// Left edge.
    pub(super) left: f64,
    /// Upper edge.
    pub(super) top: f64,
    /// Right edge.
    pub(super) right: f64,
    /// Lower edge.
    pub(super) bottom: f64,
}

impl Area {
    /// What a text covers that starts at `x` on the baseline `y`.
    pub(super) fn of(x: f64, y: f64, words: &str, style: Style) -> Self {
        let (top, bottom) = (y - style.size * 0.8, y + style.size * 0.24);
        Self { left: x, top, right: x + style.width(words), bottom }
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.right >= other.right
            && self.top <= other.top
            && self.bottom >= other.bottom
    }

    /// Whether the segment touches the rectangle (Liang and Barsky's clipping).
    pub(super) fn crossed_by(&self, (x0, y0): (f64, f64), (x1, y1): (f64, f64)) -> bool {
        let (dx, dy) = (x1 - x0, y1 - y0);
        let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
        let edges =
            [(-dx, x0 - self.left), (dx, self.right - x0), (-dy, y0 - self.top), (dy, self.bottom - y0)];
        for (slope, distance) in edges {
            if slope == 0.0 {
                if distance < 0.0 {
                    return false;
                }
            } else if slope < 0.0 {
                enter = enter.max(distance / slope);
            } else {
                leave = leave.min(distance / slope);
            }
        }
        enter <= leave
    }
}

/// What is taken already.
pub(super) struct Room {
    /// Labels have to stay in here.
    pub(super) bounds: Area,
    areas: Vec<Area>,
    segments: Vec<((f64, f64), (f64, f64))>,
}

impl Room {
    /// Nothing taken yet.
    pub(super) fn new(bounds: Area) -> Self {
        Self { bounds, areas: Vec::new(), segments: Vec::new() }
    }

    /// Takes a rectangle.
    pub(super) fn take(&mut self, area: Area) {
        self.areas.push(area);
    }

    /// Takes a line.
    pub(super) fn take_line(&mut self, points: &[(f64, f64)]) {
        for pair in points.windows(2) {
            if let [from, to] = pair {
                self.segments.push((*from, *to));
            }
        }
    }

    fn crowding(&self, area: &Area) -> usize {
        // A little air, so that free means visibly free.
        let aired = Area {
            left: area.left - 3.0,
            top: area.top - 1.5,
            right: area.right + 3.0,
            bottom: area.bottom + 1.5,
        };
        let outside = if self.bounds.holds(area) { 0 } else { 1000 };
        let covered = self.areas.iter().filter(|other| other.meets(&aired)).count() * 100;
        let crossed = self.segments.iter().filter(|(from, to)| aired.crossed_by(*from, *to)).count();
        outside + covered + crossed
    }

    /// The first place that is free, taken.
    pub(super) fn place(&mut self, places: &[Area]) -> Option<Area> {
        let free = places.iter().copied().find(|area| self.crowding(area) == 0)?;
        self.take(free);
        Some(free)
    }

    /// The least crowded place that covers no other label, taken.
    pub(super) fn place_somewhere(&mut self, places: &[Area]) -> Option<Area> {
        let least = places.iter().copied().min_by_key(|area| self.crowding(area))?;
        if self.crowding(&least) >= 100 {
            return None;
        }
        self.take(least);
        Some(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Area = Area { left: 10.0, top: 10.0, right: 20.0, bottom: 20.0 };

    #[test]
    fn segments_cross_only_what_they_touch() {
        assert!(BOX.crossed_by((0.0, 0.0), (30.0, 30.0)));
        assert!(BOX.crossed_by((15.0, 0.0), (15.0, 30.0)));
        assert!(BOX.crossed_by((12.0, 12.0), (13.0, 13.0)));
        assert!(!BOX.crossed_by((0.0, 0.0), (9.0, 30.0)));
        assert!(!BOX.crossed_by((0.0, 25.0), (30.0, 25.0)));
    }

    #[test]
    fn a_place_is_given_once() {
        let mut room = Room::new(Area { left: 0.0, top: 0.0, right: 100.0, bottom: 100.0 });
        assert_eq!(room.place(&[BOX]), Some(BOX));
        assert_eq!(room.place(&[BOX]), None);
        room.take_line(&[(0.0, 50.0), (100.0, 50.0)]);
        let on_line = Area { left: 40.0, top: 45.0, right: 60.0, bottom: 55.0 };
        assert_eq!(room.place(&[on_line]), None);
        assert_eq!(room.place_somewhere(&[on_line]), Some(on_line));
        assert_eq!(room.place(&[Area { left: 95.0, top: 0.0, right: 110.0, bottom: 9.0 }]), None);
    }
}
