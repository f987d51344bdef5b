//! The form that messages of a channel have. What a channel is and how it sends is the edge's matter.

use lettre::message::Mailbox;

/// What a message for a channel looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Medium {
    /// An RFC 5322 message.
    Email {
        /// Who sends.
        from: Mailbox,
    },
    /// A message of a chat service.
    Chat {
        /// Which.
        service: Service,
        /// The room, chat or topic of whoever has none of their own, where the service asks for one.
        to: Option<String>,
    },
    /// A JSON event.
    Event,
}

impl Medium {
    /// Whether its messages are mails.
    pub fn is_mail(&self) -> bool {
        matches!(self, Medium::Email { .. })
    }
}

/// The chat services there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// Slack, by an incoming webhook.
    Slack,
    /// Slack, by a bot's token: one for everybody.
    SlackBot,
    /// Microsoft Teams, by a workflow's webhook.
    Teams,
    /// Discord, by a webhook.
    Discord,
    /// Mattermost, by an incoming webhook.
    Mattermost,
    /// Google Chat, by a space's webhook.
    GoogleChat,
    /// Telegram, by a bot.
    Telegram,
    /// Feishu and Lark, by a custom bot.
    Feishu,
    /// `DingTalk`, by a custom robot.
    DingTalk,
    /// `WeCom`, by a group robot.
    WeCom,
    /// Matrix, by an account's token.
    Matrix,
    /// ntfy, by topics.
    Ntfy,
}

impl Service {
    /// All of them, by the `kind` of their channels.
    pub const ALL: [(&'static str, Service); 12] = [
        ("slack", Service::Slack),
        ("slack_bot", Service::SlackBot),
        ("teams", Service::Teams),
        ("discord", Service::Discord),
        ("mattermost", Service::Mattermost),
        ("google_chat", Service::GoogleChat),
        ("telegram", Service::Telegram),
        ("feishu", Service::Feishu),
        ("dingtalk", Service::DingTalk),
        ("wecom", Service::WeCom),
        ("matrix", Service::Matrix),
        ("ntfy", Service::Ntfy),
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        Service::ALL[self as usize].0
    }

    /// Whether each message names the room, chat or topic it is for, so that one channel serves everybody.
    pub fn is_addressed(self) -> bool {
        matches!(self, Service::SlackBot | Service::Telegram | Service::Matrix | Service::Ntfy)
    }
}
