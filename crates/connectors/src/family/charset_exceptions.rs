//! Where the tables of the Encoding Standard and those of the databases part: sequences that a
//! database has no character for, and sequences that it has another character for. Taken from what
//! MariaDB 10.11 answers for every sequence of one and of two bytes.

/// What is different in one character set. A sequence of two bytes is one number, first byte high.
pub(crate) struct Exceptions {
    /// Sequences without a character, both ends included.
    pub(crate) none: &'static [(u16, u16)],
    /// Sequences with another character.
    pub(crate) other: &'static [(u16, char)],
}

pub(crate) static GBK: Exceptions = Exceptions {
    none: &[
        (0x0080, 0x0080),
        (0xA140, 0xA1A0),
        (0xA240, 0xA2A0),
        (0xA2AB, 0xA2B0),
        (0xA2E3, 0xA2E4),
        (0xA2EF, 0xA2F0),
        (0xA2FD, 0xA3A0),
        (0xA440, 0xA4A0),
        (0xA4F4, 0xA5A0),
        (0xA5F7, 0xA6A0),
        (0xA6B9, 0xA6C0),
        (0xA6D9, 0xA6DF),
        (0xA6EC, 0xA6ED),
        (0xA6F3, 0xA6F3),
        (0xA6F6, 0xA7A0),
        (0xA7C2, 0xA7D0),
        (0xA7F2, 0xA7FE),
        (0xA896, 0xA8A0),
        (0xA8BC, 0xA8BC),
        (0xA8BF, 0xA8BF),
        (0xA8C1, 0xA8C4),
        (0xA8EA, 0xA8FE),
        (0xA958, 0xA958),
        (0xA95B, 0xA95B),
        (0xA95D, 0xA95F),
        (0xA989, 0xA995),
        (0xA997, 0xA9A3),
        (0xA9F0, 0xA9FE),
        (0xAAA1, 0xAAFE),
        (0xABA1, 0xABFE),
        (0xACA1, 0xACFE),
        (0xADA1, 0xADFE),
        (0xAEA1, 0xAEFE),
        (0xAFA1, 0xAFFE),
        (0xD7FA, 0xD7FE),
        (0xF8A1, 0xF8FE),
        (0xF9A1, 0xF9FE),
        (0xFAA1, 0xFAFE),
        (0xFBA1, 0xFBFE),
        (0xFCA1, 0xFCFE),
        (0xFDA1, 0xFDFE),
        (0xFE50, 0xFEFE),
    ],
    other: &[],
};

pub(crate) static GB2312: Exceptions = Exceptions {
    none: &[
        (0x0080, 0xA1A0),
        (0xA240, 0xA2B0),
        (0xA2E3, 0xA2E4),
        (0xA2EF, 0xA2F0),
        (0xA2FD, 0xA3A0),
        (0xA440, 0xA4A0),
        (0xA4F4, 0xA5A0),
        (0xA5F7, 0xA6A0),
        (0xA6B9, 0xA6C0),
        (0xA6D9, 0xA7A0),
        (0xA7C2, 0xA7D0),
        (0xA7F2, 0xA8A0),
        (0xA8BB, 0xA8C4),
        (0xA8EA, 0xA9A3),
        (0xA9F0, 0xB0A0),
        (0xB140, 0xB1A0),
        (0xB240, 0xB2A0),
        (0xB340, 0xB3A0),
        (0xB440, 0xB4A0),
        (0xB540, 0xB5A0),
        (0xB640, 0xB6A0),
        (0xB740, 0xB7A0),
        (0xB840, 0xB8A0),
        (0xB940, 0xB9A0),
        (0xBA40, 0xBAA0),
        (0xBB40, 0xBBA0),
        (0xBC40, 0xBCA0),
        (0xBD40, 0xBDA0),
        (0xBE40, 0xBEA0),
        (0xBF40, 0xBFA0),
        (0xC040, 0xC0A0),
        (0xC140, 0xC1A0),
        (0xC240, 0xC2A0),
        (0xC340, 0xC3A0),
        (0xC440, 0xC4A0),
        (0xC540, 0xC5A0),
        (0xC640, 0xC6A0),
        (0xC740, 0xC7A0),
        (0xC840, 0xC8A0),
        (0xC940, 0xC9A0),
        (0xCA40, 0xCAA0),
        (0xCB40, 0xCBA0),
        (0xCC40, 0xCCA0),
        (0xCD40, 0xCDA0),
        (0xCE40, 0xCEA0),
        (0xCF40, 0xCFA0),
        (0xD040, 0xD0A0),
        (0xD140, 0xD1A0),
        (0xD240, 0xD2A0),
        (0xD340, 0xD3A0),
        (0xD440, 0xD4A0),
        (0xD540, 0xD5A0),
        (0xD640, 0xD6A0),
        (0xD740, 0xD7A0),
        (0xD7FA, 0xD8A0),
        (0xD940, 0xD9A0),
        (0xDA40, 0xDAA0),
        (0xDB40, 0xDBA0),
        (0xDC40, 0xDCA0),
        (0xDD40, 0xDDA0),
        (0xDE40, 0xDEA0),
        (0xDF40, 0xDFA0),
        (0xE040, 0xE0A0),
        (0xE140, 0xE1A0),
        (0xE240, 0xE2A0),
        (0xE340, 0xE3A0),
        (0xE440, 0xE4A0),
        (0xE540, 0xE5A0),
        (0xE640, 0xE6A0),
        (0xE740, 0xE7A0),
        (0xE840, 0xE8A0),
        (0xE940, 0xE9A0),
        (0xEA40, 0xEAA0),
        (0xEB40, 0xEBA0),
        (0xEC40, 0xECA0),
        (0xED40, 0xEDA0),
        (0xEE40, 0xEEA0),
        (0xEF40, 0xEFA0),
        (0xF040, 0xF0A0),
        (0xF140, 0xF1A0),
        (0xF240, 0xF2A0),
        (0xF340, 0xF3A0),
        (0xF440, 0xF4A0),
        (0xF540, 0xF5A0),
        (0xF640, 0xF6A0),
        (0xF740, 0xF7A0),
        (0xF840, 0xFEFE),
    ],
    other: &[(0xA1A4, '\u{30fb}'), (0xA1AA, '\u{2015}')],
};

pub(crate) static BIG5: Exceptions = Exceptions {
    none: &[
        (0x8740, 0xA0FE),
        (0xA15A, 0xA15A),
        (0xA1C3, 0xA1C3),
        (0xA1C5, 0xA1C5),
        (0xA1FE, 0xA240),
        (0xA2CC, 0xA2CC),
        (0xA2CE, 0xA2CE),
        (0xA3C0, 0xA3E1),
        (0xC6A1, 0xC8FE),
        (0xF9DD, 0xFEFE),
    ],
    other: &[
        (0xA145, '\u{2022}'),
        (0xA14E, '\u{ff64}'),
        (0xA1C2, '\u{203e}'),
        (0xA1E3, '\u{223c}'),
        (0xA1F2, '\u{2641}'),
        (0xA1F3, '\u{2609}'),
        (0xA241, '\u{ff0f}'),
        (0xA242, '\u{ff3c}'),
        (0xA244, '\u{a5}'),
        (0xA246, '\u{a2}'),
        (0xA247, '\u{a3}'),
    ],
};

pub(crate) static SJIS: Exceptions = Exceptions {
    none: &[(0x0080, 0x0080), (0x8740, 0x879C), (0xED40, 0xFC4B)],
    other: &[
        (0x815F, '\u{5c}'),
        (0x8160, '\u{301c}'),
        (0x8161, '\u{2016}'),
        (0x817C, '\u{2212}'),
        (0x8191, '\u{a2}'),
        (0x8192, '\u{a3}'),
        (0x81CA, '\u{ac}'),
    ],
};

pub(crate) static CP932: Exceptions = Exceptions {
    none: &[(0x0080, 0x0080)],
    other: &[],
};

pub(crate) static UJIS: Exceptions = Exceptions {
    none: &[(0xADA1, 0xADFC), (0xF9A1, 0xFCFE)],
    other: &[
        (0xA1C0, '\u{5c}'),
        (0xA1C1, '\u{301c}'),
        (0xA1C2, '\u{2016}'),
        (0xA1DD, '\u{2212}'),
        (0xA1F1, '\u{a2}'),
        (0xA1F2, '\u{a3}'),
        (0xA2CC, '\u{ac}'),
    ],
};

pub(crate) static EUCJPMS: Exceptions = Exceptions {
    none: &[(0xF9A1, 0xFCFE)],
    other: &[],
};

pub(crate) static LATIN5: Exceptions = Exceptions {
    none: &[],
    other: &[
        (0x0080, '\u{80}'),
        (0x0082, '\u{82}'),
        (0x0083, '\u{83}'),
        (0x0084, '\u{84}'),
        (0x0085, '\u{85}'),
        (0x0086, '\u{86}'),
        (0x0087, '\u{87}'),
        (0x0088, '\u{88}'),
        (0x0089, '\u{89}'),
        (0x008A, '\u{8a}'),
        (0x008B, '\u{8b}'),
        (0x008C, '\u{8c}'),
        (0x0091, '\u{91}'),
        (0x0092, '\u{92}'),
        (0x0093, '\u{93}'),
        (0x0094, '\u{94}'),
        (0x0095, '\u{95}'),
        (0x0096, '\u{96}'),
        (0x0097, '\u{97}'),
        (0x0098, '\u{98}'),
        (0x0099, '\u{99}'),
        (0x009A, '\u{9a}'),
        (0x009B, '\u{9b}'),
        (0x009C, '\u{9c}'),
        (0x009F, '\u{9f}'),
    ],
};

pub(crate) static GREEK: Exceptions = Exceptions {
    none: &[(0x00A4, 0x00A5), (0x00AA, 0x00AA)],
    other: &[(0x00A1, '\u{2bd}'), (0x00A2, '\u{2bc}')],
};

pub(crate) static HEBREW: Exceptions = Exceptions {
    none: &[],
    other: &[(0x00AF, '\u{203e}')],
};

pub(crate) static CP1250: Exceptions = Exceptions {
    none: &[
        (0x0081, 0x0081),
        (0x0083, 0x0083),
        (0x0088, 0x0088),
        (0x0090, 0x0090),
        (0x0098, 0x0098),
    ],
    other: &[],
};

pub(crate) static CP1251: Exceptions = Exceptions {
    none: &[(0x0098, 0x0098)],
    other: &[],
};

pub(crate) static CP1256: Exceptions = Exceptions {
    none: &[
        (0x008A, 0x008A),
        (0x008F, 0x008F),
        (0x0098, 0x0098),
        (0x009A, 0x009A),
        (0x009F, 0x009F),
        (0x00AA, 0x00AA),
        (0x00C0, 0x00C0),
        (0x00FF, 0x00FF),
    ],
    other: &[],
};

pub(crate) static CP1257: Exceptions = Exceptions {
    none: &[
        (0x0081, 0x0081),
        (0x0083, 0x0083),
        (0x0088, 0x0088),
        (0x008A, 0x008A),
        (0x008C, 0x008C),
        (0x0090, 0x0090),
        (0x0098, 0x0098),
        (0x009A, 0x009A),
        (0x009C, 0x009C),
        (0x009F, 0x009F),
    ],
    other: &[],
};

pub(crate) static CP866: Exceptions = Exceptions {
    none: &[],
    other: &[(0x00FC, '\u{207f}'), (0x00FD, '\u{b2}')],
};

pub(crate) static KOI8U: Exceptions = Exceptions {
    none: &[],
    other: &[
        (0x0095, '\u{2022}'),
        (0x00AE, '\u{255d}'),
        (0x00BE, '\u{256c}'),
    ],
};

pub(crate) static TIS620: Exceptions = Exceptions {
    none: &[(0x00A0, 0x00A0)],
    other: &[
        (0x0080, '\u{80}'),
        (0x0085, '\u{85}'),
        (0x0091, '\u{91}'),
        (0x0092, '\u{92}'),
        (0x0093, '\u{93}'),
        (0x0094, '\u{94}'),
        (0x0095, '\u{95}'),
        (0x0096, '\u{96}'),
        (0x0097, '\u{97}'),
    ],
};

pub(crate) static NO_EXCEPTIONS: Exceptions = Exceptions {
    none: &[],
    other: &[],
};
