"""Every value of a schema that is made to break tools, at every destination: lake, files, PostgreSQL and MariaDB.

What a torture schema consists of, all of it under `crates/testkit/torture/` and named after the source:

    NAME.sql             the schema and its rows, as one would load it by hand
    NAME.yaml            a migration file with what a person accepts after reading the plan; `@words@` are filled in
    expected/NAME.toml   what becomes of each column and row, as plain data
    expected/NAME_KIND.toml   what is another outcome at that server: `postgresql` or `mysql`

`expected/NAME.toml` has one table for each source table:

    [t_date]
    # table = "t_date"              the source's name, where the key above is not it
    # schema = "aux"                a key of the source's `schemas()`; "" is the main one
    # migration = "second"          the file that moves it: "main" takes all, "second" what is listed; "none" moves it; where
    #                               it is "refused", "main" takes it and the plan refuses it as `named`
    # named = "VIEW_BROKEN"         the code that refuses it even where it is listed by name
    # fails = "NOT_READY"           the code that it fails with where it is listed by name, nothing of it at the destination
    # as = "t_date"                 its name at the destination
    # key = ["id"]                  how rows are told apart; [] compares them as multisets
    columns = { id = "exact int32", d = "exact date", "c*" = "exact int8" }
    # names = { "a b" = "a_b_c8687a" }     destination names that differ
    # added = { g_srid = ["exact int32", "ST_SRID(g)"] }   columns that the source does not have, and their truth in SQL
    # refused = { d = "DECIMAL_PRECISION text", "" = "NAME_COLLISION" }
                                    under defaults: code, and what is proposed first; "" is the table itself
    # warned = { d = "LOSSY" }      warnings of the plan, and no others
    # partitioned = { ds = "PARTITION_COLUMN_CLASH" }      refused in a load into the partition ds=20240101
    # rejected = { 1 = "d ZERO_DATE" }     by key: the column and code that keep the row aside (and the bytes in hex)
    # noticed = { latin1 = "LOOKS_LIKE_UTF8 1" }      what the report tells of values that arrived, and in how many rows
    # values.d = { 4 = "-719162" }  what single cells become, in the canonical form, apart from what the client says
    # choices = { d = { as = "text" } }    what a person accepts: `each[].columns` in the migration file

A server's file has of each table what is to be put in the place of the lines above, key by key; "" takes a line away. There
columns have a type in the server's own words, what may not be null and the primary key are those of the source, and:

    types = { v = "character varying(40)" }   where the type is another one than that of the canonical type

`expected/NAME_choices.toml` says the same of tables whose columns are read as something else than by default:

    # read = { char-padding = "trim" }     options of reading, beside the source's name in the migration file
    # truth = { y = "y + 0" }              SQL whose text is the truth, where the column's own is not

A column's first word is its outcome: `exact` (the same value in a type of the same range), `text` (canonical text),
`map` (lossless by a documented rule). The second is the type at `files`; `lake` holds int8 and int16 as int32.

Truth is what the command line client of the source says, never a driver of ours. A value's canonical form, in which
both sides are compared, is told by `canon.py`.
"""
