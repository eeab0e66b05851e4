/**
 * Every application identifier of the GS1 General Specifications, as one table: `domain/gs1_ais.py` explains its rows
 * and holds the same text.
 */
export const TABLE = `00 *? N18,csum key
01 *? N14,csum key=22,10,21|235
02 *? N14,csum
03 * N14,csum
10 ? X..20
11-13,15-17 *? N6,yymmd0
20 *? N2
21-22 X..20
235 X..28
240-241 ? X..30
242 ? N..6
243 ? X..20
250-251 ? X..30
253 ? N13,csum [X..17] key
254 X..20
255 ? N13,csum [N..12] key
30 ? N..8
3100-3105,3110-3115,3120-3125,3130-3135,3140-3145,3150-3155,3160-3165 *? N6
3200-3205,3210-3215,3220-3225,3230-3235,3240-3245,3250-3255,3260-3265 *? N6
3270-3275,3280-3285,3290-3295,3300-3305,3310-3315,3320-3325,3330-3335 *? N6
3340-3345,3350-3355,3360-3365,3370-3375,3400-3405,3410-3415,3420-3425 *? N6
3430-3435,3440-3445,3450-3455,3460-3465,3470-3475,3480-3485,3490-3495 *? N6
3500-3505,3510-3515,3520-3525,3530-3535,3540-3545,3550-3555,3560-3565 *? N6
3570-3575,3600-3605,3610-3615,3620-3625,3630-3635,3640-3645,3650-3655 *? N6
3660-3665,3670-3675,3680-3685,3690-3695 *? N6
37 ? N..8
3900-3909 ? N..15
3910-3919 ? N3 N..15
3920-3929 ? N..15
3930-3939 ? N3 N..15
3940-3943 ? N4
3950-3955 ? N6
400 ? X..30
401 ? X..30 key
402 ? N17,csum key
403 ? X..30
410-413 *? N13,csum
414 *? N13,csum key=254|7040
415 *? N13,csum key=8020
416 *? N13,csum
417 *? N13,csum key=7040
420 ? X..20
421 ? N3 X..9
422 ? N3
423 ? N3 [N3] [N3] [N3] [N3]
424 ? N3
425 ? N3 [N3] [N3] [N3] [N3]
426 ? N3
427 ? X..3
4300-4301 ? X..35
4302-4306 ? X..70
4307 ? X2
4308 ? X..30
4309 ? N10 N10
4310-4311 ? X..35
4312-4316 ? X..70
4317 ? X2
4318 ? X..20
4319 ? X..30
4320 ? X..35
4321-4323 ? N1,yesno
4324-4325 ? N6,yymmd0 N4,hhmi
4326 ? N6,yymmdd
4330-4333 ? N6 [X1]
7001 ? N13
7002 ? X..30
7003 ? N6,yymmdd N4,hhmi
7004 ? N..4
7005 ? X..12
7006 ? N6,yymmdd
7007 ? N6,yymmdd [N6],yymmdd
7008 ? X..3
7009 ? X..10
7010 ? X..2
7011 ? N6,yymmdd [N4],hhmi
7020-7022 ? X..20
7023 ? X..30
7030-7039 ? N3 X..27
7040 N1 X1 X1 X1
7041 X..4
710-717 ? X..20
7230-7239 ? X2 X..28
7240 ? X..20
7241 ? N2
7242 ? X..25
7250 ? N8,yyyymmdd
7251 ? N8,yyyymmdd N4,hhmi
7252 ? N1
7253-7254 ? X..40
7255 ? X..10
7256 ? X..90
7257 ? X..70
7258 ? X3
7259 ? X..40
8001 ? N4 N5 N3 N1 N1
8002 ? X..20
8003 ? N1,zero N13,csum [X..16] key
8004 ? X..30 key=7040
8005 ? N6
8006 ? N14,csum N4 key=22,10,21
8007 ? X..34
8008 ? N6,yymmdd N2,hh [N2],mi [N2],ss
8009 ? X..50
8010 ? Y..30 key=8011
8011 N..12
8012 ? X..20
8013 ? X..25 key
8014 X..25
8017-8018 ? N18,csum key=8019
8019 N..10
8020 X..25
8026 ? N14,csum N4
8030 ? Z..90
8040-8041 N15
8042 N32
8043 N18 [N..2]
8110 ? X..70
8111 ? N4
8112 ? X..70
8200 X..70
90 ? X..30
91-99 ? X..90
`;

/** What one application identifier says of its value. */
export interface Ai {
  readonly ai: string;
  /** Its predefined length; null: the value ends at FNC1. */
  readonly fixedLength: number | null;
  readonly lengthMax: number;
  readonly pattern: RegExp;
  /** What is checked of each group of the pattern; empty: nothing. */
  readonly checks: readonly string[];
  /** It may stand in the query of a Digital Link. */
  readonly attribute: boolean;
  /** Of a primary key of Digital Links: the sequences of its qualifiers; null: no key. */
  readonly qualifiers: readonly (readonly string[])[] | null;
}

const CHARSETS: Readonly<Record<string, string>> = {
  N: "[0-9]",
  X: "[!\"%&'()*+,\\-./0-9:;<=>?A-Z_a-z]",
  Y: "[#\\-/0-9A-Z]",
  Z: "[\\-0-9A-Z_a-z=]",
};

const PART = /^(\[?)([NXYZ])(\.\.)?(\d+)\]?(?:,(\w+))?$/;

const identifiers = (ranges: string): string[] =>
  ranges.split(",").flatMap((run) => {
    const [first = "", last = first] = run.split("-");
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) =>
      String(Number(first) + i).padStart(first.length, "0"),
    );
  });

const qualifiersOf = (word: string): string[][] =>
  word
    .slice("key=".length)
    .split("|")
    .map((sequence) => (sequence === "" ? [] : sequence.split(",")));

const parseRow = (row: string): Ai[] => {
  const [ranges = "", ...words] = row.split(" ");
  const flags = /^[*?]/.test(words[0] ?? "") ? (words.shift() ?? "") : "";
  const qualifiers = words.at(-1)?.startsWith("key") === true ? qualifiersOf(words.pop() ?? "") : null;
  const parts = words.map((word) => PART.exec(word) ?? []);
  const pattern = parts
    .map(
      ([, optional, charset = "", upto, size = ""]) =>
        `(${CHARSETS[charset]}{${upto === undefined ? "" : "1,"}${size}})${optional === "[" ? "?" : ""}`,
    )
    .join("");
  const length = parts.reduce((sum, part) => sum + Number(part[4]), 0);
  return identifiers(ranges).map((ai) => ({
    ai,
    fixedLength: flags.includes("*") ? length : null,
    lengthMax: length,
    pattern: new RegExp(`^${pattern}$`),
    checks: parts.map((part) => part[5] ?? ""),
    attribute: flags.includes("?"),
    qualifiers,
  }));
};

/** Application identifier → what it says. */
export const AIS: ReadonlyMap<string, Ai> = new Map(
  TABLE.trimEnd()
    .split("\n")
    .flatMap(parseRow)
    .map((ai) => [ai.ai, ai]),
);

/** The application identifier that the text begins with; none is the beginning of another. */
export const aiAt = (text: string): Ai | undefined =>
  AIS.get(text.slice(0, 2)) ?? AIS.get(text.slice(0, 3)) ?? AIS.get(text.slice(0, 4));
