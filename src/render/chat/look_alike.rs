//! Text for services whose Markdown has no escape: what means something becomes what looks like it.

/// The characters of their markup, and those that look like them. Round brackets mean something only behind square ones.
const LOOK_ALIKES: [(char, char); 9] = [
    ('*', '∗'),
    ('_', 'ˍ'),
    ('~', '∼'),
    ('`', 'ˋ'),
    ('<', '＜'),
    ('>', '＞'),
    ('[', '［'),
    (']', '］'),
    ('#', '＃'),
];

/// `text` without any markup.
pub(super) fn text(text: &str) -> String {
    let look = |c: char| LOOK_ALIKES.iter().find(|(special, _)| *special == c).map_or(c, |(_, look)| *look);
    super::unmentioned(text).chars().map(look).collect()
}
