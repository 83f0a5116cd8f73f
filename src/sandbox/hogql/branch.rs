//! A statement's branches: the SELECTs between its UNION ALLs, each with its own ORDER BY and LIMIT.

use sqlparser::ast::{Expr, LimitClause, OrderByExpr, OrderByKind, Query, Select, SetExpr, SetOperator, SetQuantifier, Value};
use sqlparser::keywords::Keyword;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::dialect::HogQl;
use super::{BadHogQl, Understood, refuse};

/// The longest statement, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// How many words and operators a statement may have, lists of values not counted: a tree deeper than this might not fit on
/// the stack of [`super::plan_apart`].
const MOST_WORDS: usize = 2000;

/// How many branches a statement may have: SQLite takes 500.
const MOST_BRANCHES: usize = 100;

/// One SELECT.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) select: Box<Select>,
    pub(super) order_by: Vec<OrderByExpr>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

/// Parses a statement into its branches.
pub(super) fn parse(statement: &str) -> Understood<Vec<Branch>> {
    if statement.len() > LONGEST {
        return refuse(format!("Query is longer than {LONGEST} bytes."));
    }
    let tokens = Tokenizer::new(&HogQl, statement).tokenize().map_err(|why| BadHogQl(format!("Syntax error: {why}")))?;
    if tokens.iter().filter(|token| is_word(token)).count() > MOST_WORDS {
        return refuse("Query is too complex.");
    }
    let mut branches = Vec::new();
    for piece in pieces(tokens)? {
        let mut parser = Parser::new(&HogQl).with_tokens(piece);
        let query = parser.parse_query().map_err(|why| BadHogQl(syntax_error(&why.to_string())))?;
        let rest = parser.peek_token();
        if rest.token != Token::EOF {
            return refuse(format!("Syntax error: unexpected `{rest}`"));
        }
        branches.extend(of_query(*query)?);
    }
    if branches.len() > MOST_BRANCHES {
        return refuse("Query is too complex.");
    }
    Ok(branches)
}

fn syntax_error(why: &str) -> String {
    if why.contains("recursion limit") {
        return "Query is too complex.".into();
    }
    why.replacen("sql parser error", "Syntax error", 1)
}

fn is_word(token: &Token) -> bool {
    !matches!(token, Token::Whitespace(_) | Token::Comma | Token::SingleQuotedString(_) | Token::Number(..))
}

/// Cuts the tokens at each UNION ALL that is not inside parentheses: HogQL, unlike the parser, takes a LIMIT before it.
fn pieces(tokens: Vec<Token>) -> Understood<Vec<Vec<Token>>> {
    let mut pieces = vec![Vec::new()];
    let mut depth = 0_i32;
    let mut tokens = tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))).peekable();
    while let Some(token) = tokens.next() {
        match &token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::SemiColon if tokens.peek().is_none() => continue,
            Token::Word(word) if word.keyword == Keyword::UNION && depth == 0 => {
                if !tokens.next().is_some_and(|next| is_keyword(&next, Keyword::ALL)) {
                    return refuse("Only UNION ALL is supported here.");
                }
                pieces.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push(token);
        }
    }
    Ok(pieces)
}

fn is_keyword(token: &Token, keyword: Keyword) -> bool {
    matches!(token, Token::Word(word) if word.keyword == keyword)
}

/// The branches of a parsed query; its ORDER BY and LIMIT belong to the last of them.
pub(super) fn of_query(query: Query) -> Understood<Vec<Branch>> {
    if query.with.is_some() {
        return refuse("WITH is not supported by this sandbox.");
    }
    if query.fetch.is_some() || query.settings.is_some() || query.format_clause.is_some() || !query.pipe_operators.is_empty() {
        return refuse("FETCH, SETTINGS and FORMAT are not supported.");
    }
    let order_by = match query.order_by.map(|order_by| order_by.kind) {
        None => Vec::new(),
        Some(OrderByKind::Expressions(order_by)) => order_by,
        Some(OrderByKind::All(_)) => return refuse("ORDER BY ALL is not supported."),
    };
    let (limit, offset) = limits(query.limit_clause)?;
    let mut branches = of_body(*query.body)?;
    if !order_by.is_empty() || limit.is_some() || offset > 0 {
        match branches.last_mut() {
            Some(last) if last.order_by.is_empty() && last.limit.is_none() && last.offset == 0 => {
                *last = Branch { select: last.select.clone(), order_by, limit, offset };
            }
            _ => return refuse("ORDER BY and LIMIT around a query that has its own are not supported by this sandbox."),
        }
    }
    Ok(branches)
}

fn of_body(body: SetExpr) -> Understood<Vec<Branch>> {
    match body {
        SetExpr::Select(select) => Ok(vec![Branch { select, order_by: Vec::new(), limit: None, offset: 0 }]),
        SetExpr::Query(query) => of_query(*query),
        SetExpr::SetOperation { left, op: SetOperator::Union, set_quantifier: SetQuantifier::All, right } => {
            let mut branches = of_body(*left)?;
            branches.extend(of_body(*right)?);
            Ok(branches)
        }
        other => refuse(format!("This is no SELECT that is supported here: {other}")),
    }
}

fn limits(clause: Option<LimitClause>) -> Understood<(Option<usize>, usize)> {
    match clause {
        None => Ok((None, 0)),
        Some(LimitClause::LimitOffset { limit, offset, limit_by }) => {
            if !limit_by.is_empty() {
                return refuse("LIMIT BY is not supported by this sandbox.");
            }
            let limit = limit.map(|limit| whole(&limit)).transpose()?;
            let offset = offset.map(|offset| whole(&offset.value)).transpose()?;
            Ok((limit, offset.unwrap_or(0)))
        }
        Some(LimitClause::OffsetCommaLimit { offset, limit }) => Ok((Some(whole(&limit)?), whole(&offset)?)),
    }
}

fn whole(expression: &Expr) -> Understood<usize> {
    if let Expr::Value(value) = expression
        && let Value::Number(digits, _) = &value.value
        && let Ok(number) = digits.parse()
    {
        return Ok(number);
    }
    refuse(format!("LIMIT and OFFSET want a whole number, and not `{expression}`."))
}
