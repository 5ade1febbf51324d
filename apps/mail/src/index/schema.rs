//! The fields of a document.

use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};

/// The version of the schema and of the way words are cut and folded. Raised with every change of
/// either, which makes every existing index be built anew.
pub(crate) const VERSION: u32 = 1;

/// The name under which the tokenizer is registered.
pub(super) const TOKENIZER: &str = "words";

/// Names the fast field that holds the id of the message.
pub(super) const ID: &str = "id";

/// Names the fast field that holds the date of the message.
pub(super) const DATE: &str = "date";

/// The fields of a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    pub(super) id: Field,
    /// Unix seconds; absent when the message has no date.
    pub(super) date: Field,
    pub(super) size: Field,
    pub(super) from: Field,
    pub(super) to: Field,
    pub(super) cc: Field,
    pub(super) subject: Field,
    pub(super) body: Field,
    pub(super) filename: Field,
    /// State and labels, as [`Tag`]s.
    pub(super) tags: Field,
}

/// Builds the schema.
pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let fields = Fields {
        id: builder.add_i64_field(ID, INDEXED | FAST),
        date: builder.add_i64_field(DATE, FAST),
        size: builder.add_u64_field("size", FAST),
        from: words_field(&mut builder, "from"),
        to: words_field(&mut builder, "to"),
        cc: words_field(&mut builder, "cc"),
        subject: words_field(&mut builder, "subject"),
        body: words_field(&mut builder, "body"),
        filename: words_field(&mut builder, "filename"),
        tags: builder.add_text_field("tags", STRING),
    };
    (builder.build(), fields)
}

fn words_field(builder: &mut SchemaBuilder, name: &str) -> Field {
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    builder.add_text_field(name, TextOptions::default().set_indexing_options(indexing))
}

/// A condition that is either true of a message or not, as one term of the `tags` field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tag<'a> {
    Unread,
    Flagged,
    Replied,
    Attachment,
    /// A label, folded.
    Label(&'a str),
}

impl Tag<'_> {
    pub(super) fn text(self) -> String {
        match self {
            Self::Unread => "unread".to_owned(),
            Self::Flagged => "flagged".to_owned(),
            Self::Replied => "replied".to_owned(),
            Self::Attachment => "attachment".to_owned(),
            Self::Label(folded) => format!("label:{folded}"),
        }
    }
}
