use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use hallway_mail::{MessageId, Sort};

/// Full-text search over the mail on this machine.
///
/// The first call starts a daemon that keeps the index ready; it leaves by itself when it has not been used
/// for a while. Without --mailbox there is a small sample to try things on.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Your mail: an mbox file, a Maildir, or a directory of .eml files. Each mailbox has its own daemon.
    #[arg(long, global = true, value_name = "PATH", env = "HALLWAY_MAILBOX")]
    pub(crate) mailbox: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  hallway-mail search 'from:alice is:unread'
  hallway-mail search 'subject:invoice newer:30d has:attachment' --format json
  hallway-mail search '\"open day\" -from:alice' --format ids | xargs hallway-mail mark --read
  hallway-mail --mailbox ~/Maildir watch

Exit codes: 0 done, 1 the service said no, 2 usage, 3 the daemon cannot be reached,
4 the daemon is of another version, 124 the deadline passed.";

const QUERY: &str = "\
Queries:
  word \"a phrase\"              anywhere in a message
  from: to: cc: subject: body: filename: label:
  is:unread is:read is:flagged is:replied   has:attachment
  before:2026-03-01 after:2026 on:yesterday older:30d newer:2w
  larger:1M smaller:10k
  -word, NOT word   a OR b   (a b) OR c     side by side means and
A query that begins with a dash stands behind two: search -- -is:read";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Finds messages.
    #[command(after_help = QUERY)]
    Search {
        /// What to look for; everything when it is empty.
        #[arg(default_value = "")]
        query: String,
        /// At most so many, and never more than 10000; `count` tells how many there are.
        #[arg(long, short = 'n', default_value_t = 50)]
        limit: u32,
        /// In this order.
        #[arg(long, value_enum, default_value_t)]
        sort: SortArgument,
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Counts messages.
    #[command(after_help = QUERY)]
    Count {
        /// What to count; everything when it is empty.
        #[arg(default_value = "")]
        query: String,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Prints a message.
    Cat {
        /// Its id.
        id: MessageId,
        /// Exactly as it came, headers and all.
        #[arg(long, conflicts_with = "format")]
        raw: bool,
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: TextFormat,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Prints the conversation that a message is in.
    Thread {
        /// The id of one of its messages.
        id: MessageId,
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Marks messages.
    Mark {
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<MessageId>,
        #[command(flatten)]
        mark: MarkArguments,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Labels messages.
    Label {
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<MessageId>,
        /// A label to add; may be given again.
        #[arg(long, required_unless_present = "remove", value_name = "LABEL")]
        add: Vec<String>,
        /// A label to remove; may be given again.
        #[arg(long, value_name = "LABEL")]
        remove: Vec<String>,
        #[command(flatten)]
        call: CallArguments,
    },
    /// Takes in a mailbox; what is there already is left alone.
    Import {
        /// An mbox file, a Maildir, or a directory of .eml files.
        path: PathBuf,
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: TextFormat,
    },
    /// Takes in what is new in the mailbox of --mailbox now; a Maildir is watched anyway.
    Sync {
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: TextFormat,
    },
    /// Prints mail as it arrives, until it is interrupted.
    Watch {
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: WatchFormat,
        /// Goes on after the event of this number.
        #[arg(long, value_name = "NUMBER")]
        since: Option<u64>,
    },
    /// Tells how the daemon and its mail are. Starts nothing.
    Status {
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: TextFormat,
    },
    /// Builds the index anew.
    Reindex,
    /// Stops the daemon, and waits until it has gone. Starts nothing.
    Stop,
    /// Lets clients in every language start the daemon by its name, as its first run does. Starts nothing.
    Install,
    /// Takes that back; a daemon that runs goes on.
    Uninstall,
    /// Lists the mailboxes whose daemons can be started by name. Starts nothing.
    Mailboxes {
        /// How to print.
        #[arg(long, short, value_enum, default_value_t)]
        format: TextFormat,
    },
    /// Has the daemon replaced by the installed program, without a failed call. Starts nothing.
    Restart,
    /// Writes the files with which a supervisor starts the daemon: units for the user's systemd, or a property list for
    /// launchd.
    Units {
        /// Where to, such as `~/.config/systemd/user`.
        dir: PathBuf,
        /// For launchd.
        #[arg(long)]
        launchd: bool,
    },
    /// Prints what makes a shell complete these commands.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Runs the daemon in the foreground; the other commands start it by themselves.
    Daemon,
}

impl Command {
    /// Whether a failure too is to be printed as JSON.
    pub(crate) fn wants_json(&self) -> bool {
        match self {
            Self::Search { format, .. } | Self::Thread { format, .. } => {
                matches!(format, Format::Json | Format::Jsonl)
            }
            Self::Watch { format, .. } => *format == WatchFormat::Jsonl,
            Self::Cat { format, .. }
            | Self::Import { format, .. }
            | Self::Mailboxes { format }
            | Self::Sync { format }
            | Self::Status { format } => *format == TextFormat::Json,
            _ => false,
        }
    }
}

/// What every call takes.
#[derive(Debug, Default, Args)]
pub(crate) struct CallArguments {
    /// Gives up after so many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) deadline: Option<Duration>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "give a number of seconds, such as 2 or 0.5".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// What to mark messages as.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct MarkArguments {
    /// Read.
    #[arg(long)]
    pub(crate) read: bool,
    /// Not read.
    #[arg(long)]
    pub(crate) unread: bool,
    /// Flagged.
    #[arg(long)]
    pub(crate) flagged: bool,
    /// Not flagged.
    #[arg(long)]
    pub(crate) unflagged: bool,
    /// Replied to.
    #[arg(long)]
    pub(crate) replied: bool,
}

/// How to print a list of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line each, for people.
    #[default]
    Table,
    /// One JSON array.
    Json,
    /// A JSON object a line.
    Jsonl,
    /// Ids only, one a line.
    Ids,
}

/// How to print one thing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TextFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object.
    Json,
}

/// How to print messages that arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchFormat {
    /// A line each, for people.
    #[default]
    Table,
    /// A JSON object a line, with the event's number as `seq`.
    Jsonl,
}

/// The order of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortArgument {
    /// Newest first.
    #[default]
    Date,
    /// Best match first.
    Relevance,
}

impl From<SortArgument> for Sort {
    fn from(sort: SortArgument) -> Self {
        match sort {
            SortArgument::Date => Self::Date,
            SortArgument::Relevance => Self::Relevance,
        }
    }
}
