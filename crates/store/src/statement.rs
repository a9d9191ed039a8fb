//! Statements whose text depends on what is asked: text and values are put together, each value by its number,
//! which is what both databases read.

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, Arguments, Encode, Type};

use crate::failure::encoding;

/// A statement on its way.
#[derive(Default)]
pub(crate) struct Statement {
    text: String,
    values: AnyArguments,
    count: usize,
    failed: Option<sqlx::Error>,
}

impl Statement {
    /// Begins with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Goes on with this text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a value.
    pub(crate) fn bind<'a, T: Encode<'a, Any> + Type<Any>>(&mut self, value: T) -> &mut Self {
        self.count += 1;
        self.text.push_str(&format!("${}", self.count));
        if let Err(cause) = self.values.add(value) {
            self.failed = Some(encoding(cause));
        }
        self
    }

    /// Goes on with values between commas.
    pub(crate) fn list<'a, T: Encode<'a, Any> + Type<Any>>(
        &mut self,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            self.bind(value);
        }
        self
    }

    /// Goes on with ` VALUES ` and what `row` puts between the parentheses of each.
    pub(crate) fn rows<R>(
        &mut self,
        rows: impl IntoIterator<Item = R>,
        mut row: impl FnMut(&mut Row<'_>, R),
    ) -> &mut Self {
        for (index, values) in rows.into_iter().enumerate() {
            self.push(if index == 0 { " VALUES (" } else { ", (" });
            let mut begun = Row {
                statement: self,
                is_first: true,
            };
            row(&mut begun, values);
            self.push(")");
        }
        self
    }

    /// The whole of it; an error where a value could not be taken.
    pub(crate) fn build(
        &mut self,
    ) -> std::result::Result<Query<'static, Any, AnyArguments>, sqlx::Error> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => {
                let text = sqlx::AssertSqlSafe(std::mem::take(&mut self.text));
                Ok(sqlx::query_with(text, std::mem::take(&mut self.values)))
            }
        }
    }
}

/// The values of one row.
pub(crate) struct Row<'a> {
    statement: &'a mut Statement,
    is_first: bool,
}

impl Row<'_> {
    /// The next value.
    pub(crate) fn bind<'a, T: Encode<'a, Any> + Type<Any>>(&mut self, value: T) -> &mut Self {
        if !std::mem::replace(&mut self.is_first, false) {
            self.statement.push(", ");
        }
        self.statement.bind(value);
        self
    }
}
