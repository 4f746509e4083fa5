package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"apigwprobe/probe"
)

// parted is a result and what it is stored as.
type parted struct {
	probe.Result
	shape   []byte
	hash    [sha256.Size]byte
	varying varying
}

// part prepares the results of a run, so that the file is locked only as long as it is written.
func part(rep probe.Report) ([]parted, error) {
	s := newSplitter()
	var parts []parted
	for _, res := range slices.Concat(rep.Results, rep.Extra) {
		shape, v := s.split(res)
		text, err := json.Marshal(shape)
		if err != nil {
			return nil, err
		}
		parts = append(parts, parted{res, text, sha256.Sum256(text), v})
	}
	return parts, nil
}

// finish writes a finished run in place of its observations.
func finish(tx *sql.Tx, seq int64, rep probe.Report, parts []parted) error {
	f, err := newFinisher(tx, seq, rep.Run)
	if err != nil {
		return err
	}
	all := make([]outcome, len(parts))
	for i, p := range parts {
		if all[i], err = f.result(i, p); err != nil {
			return err
		}
	}
	n := len(rep.Results)
	return f.end(rep, resultSet{results: all[:n], extra: all[n:]})
}

// finisher writes the results of one run.
type finisher struct {
	tx    *sql.Tx
	seq   int64
	run   probe.RunInfo
	cases map[string]*known // by the ids of results
	lasts *sql.Stmt

	kept, varying map[int]varying // by the place among the results
	apis          map[string]*apiCount
	changes       int
}

// known is what the file holds of a case.
type known struct {
	id    int64
	shape int64  // when it was last asked; 0: it never was
	hash  string // of the shape
	stand probe.Stand
}

type apiCount struct {
	probe.Summary
	changes int
}

func newFinisher(tx *sql.Tx, seq int64, run probe.RunInfo) (*finisher, error) {
	f := &finisher{
		tx: tx, seq: seq, run: run, cases: make(map[string]*known),
		kept: make(map[int]varying), varying: make(map[int]varying), apis: make(map[string]*apiCount),
	}
	var err error
	f.lasts, err = tx.Prepare(`INSERT INTO lasts ("case", shape, asked, proven, proven_run) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET shape = excluded.shape, asked = excluded.asked,
			proven = coalesce(excluded.proven, proven), proven_run = coalesce(excluded.proven_run, proven_run)`)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(`SELECT c.name, c.id, s.id, s.hash, s.verdict, s.kind, s.accepted, s.status, s.layer
		FROM cases c JOIN lasts l ON l."case" = c.id JOIN shapes s ON s.id = l.shape WHERE c.environment = ?`, run.Environment)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var hash []byte
		k := &known{}
		if err := rows.Scan(&name, &k.id, &k.shape, &hash, &k.stand.Verdict, &k.stand.Kind, &k.stand.Accepted, &k.stand.Status, &k.stand.Layer); err != nil {
			return nil, err
		}
		k.hash = string(hash)
		f.cases[name] = k
	}
	return f, rows.Err()
}

// result writes the result at a place and says as which shape of which case.
func (f *finisher) result(place int, p parted) (outcome, error) {
	c, err := f.known(p.Result)
	if err != nil {
		return outcome{}, err
	}
	id, fresh, err := f.shape(p, c)
	if err != nil {
		return outcome{}, err
	}
	changed := false
	if asked := p.Verdict != probe.Skipped && p.Observed != nil; asked {
		if changed, err = f.last(p.Result, c, id); err != nil {
			return outcome{}, err
		}
	}
	if p.Verdict != "" {
		f.count(p.Result, changed)
	}
	switch {
	case p.Observed == nil && len(p.varying.Texts) == 0:
	case fresh, changed, p.Verdict == probe.Fail, p.Verdict == probe.Inconclusive:
		f.kept[place] = p.varying
	default:
		f.varying[place] = p.varying
	}
	return outcome{c.id, id}, nil
}

// known finds the case of a result, or writes it.
func (f *finisher) known(res probe.Result) (*known, error) {
	if c := f.cases[res.ID]; c != nil {
		return c, nil
	}
	c := &known{}
	err := f.tx.QueryRow(`INSERT INTO cases (environment, name, api, route, access, scenario, gate) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET gate = excluded.gate RETURNING id`,
		f.run.Environment, res.ID, res.API, res.Route, res.AccessID, res.Scenario, res.IsGate() && res.Verdict != "").Scan(&c.id)
	f.cases[res.ID] = c
	return c, err
}

// shape finds the shape among those that are stored, or writes it; fresh says that there was none.
func (f *finisher) shape(p parted, last *known) (id int64, fresh bool, err error) {
	if last.hash == string(p.hash[:]) {
		return last.shape, false, nil
	}
	err = f.tx.QueryRow("SELECT id FROM shapes WHERE hash = ?", p.hash[:]).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, false, err
	}
	s := standOf(p.Result)
	err = f.tx.QueryRow(`INSERT INTO shapes (hash, verdict, kind, accepted, status, layer, confidence, doc)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		p.hash[:], s.Verdict, s.Kind, s.Accepted, s.Status, s.Layer, s.Confidence, p.shape).Scan(&id)
	return id, true, err
}

// last notes how a case that was asked stands now, and whether that is news.
func (f *finisher) last(res probe.Result, c *known, shape int64) (changed bool, err error) {
	var proven, provenRun any
	if res.Proven {
		proven, provenRun = millis(f.run.Started), f.run.ID
	}
	_, err = f.lasts.Exec(c.id, shape, millis(f.run.Started), proven, provenRun)
	if err != nil || res.Verdict == "" {
		return false, err
	}
	now, before := standOf(res), any(nil)
	if c.shape != 0 {
		before = c.shape
		changed = c.stand.Verdict != now.Verdict || c.stand.Kind != now.Kind || c.stand.Accepted != now.Accepted ||
			c.stand.Status != now.Status || c.stand.Layer != now.Layer
	} else {
		changed = (now.Verdict == probe.Fail || now.Verdict == probe.Inconclusive) && !now.Accepted
	}
	if changed {
		_, err = f.tx.Exec(`INSERT INTO changes (run, "case", "before", "after") VALUES (?, ?, ?, ?)`, f.seq, c.id, before, shape)
	}
	return changed, err
}

func standOf(res probe.Result) probe.Stand {
	s := probe.Stand{Verdict: res.Verdict, Kind: res.Kind, Accepted: res.Accepted != nil}
	if res.Observed != nil {
		s.Status = res.Observed.Status
	}
	if res.Attribution != nil {
		s.Layer, s.Confidence = res.Attribution.Layer, res.Attribution.Confidence
	}
	return s
}

func (f *finisher) count(res probe.Result, changed bool) {
	n := f.apis[res.API]
	if n == nil {
		n = &apiCount{}
		f.apis[res.API] = n
	}
	switch res.Verdict {
	case probe.Pass:
		n.Pass++
	case probe.Fail:
		n.Fail++
	case probe.Inconclusive:
		n.Inconclusive++
	case probe.Skipped:
		n.Skipped++
	}
	if res.Accepted != nil {
		n.Accepted++
	}
	if changed {
		n.changes++
		f.changes++
	}
}

// end writes what concerns the run as a whole.
func (f *finisher) end(rep probe.Report, set resultSet) error {
	results, err := f.resultSet(set)
	if err != nil {
		return err
	}
	rep.Results, rep.Extra = nil, nil
	head, err := pack(rep)
	if err != nil {
		return err
	}
	var kept, varying []byte
	if kept, err = pack(f.kept); err != nil {
		return err
	}
	if varying, err = pack(f.varying); err != nil {
		return err
	}
	if _, err := f.tx.Exec("UPDATE run_data SET head = ?, results = ?, kept = ?, varying = ? WHERE run = ?", head, results, kept, varying, f.seq); err != nil {
		return err
	}
	for api, n := range f.apis {
		if _, err := f.tx.Exec("INSERT INTO run_apis VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			f.seq, api, n.Pass, n.Fail, n.Inconclusive, n.Skipped, n.Accepted, n.changes); err != nil {
			return err
		}
	}
	if _, err := f.tx.Exec("DELETE FROM observed WHERE run = ?", f.seq); err != nil {
		return err
	}
	// So that the file does not grow without end where nobody compacts it.
	if err := dropVarying(f.tx, f.run.Started.Add(-DefaultWhole)); err != nil {
		return err
	}
	s := rep.Summary
	_, err = f.tx.Exec(`UPDATE runs SET finished = 1, complete = ?, duration = ?, pass = ?, fail = ?, inconclusive = ?, skipped = ?,
		accepted = ?, changes = ? WHERE seq = ?`,
		rep.Run.Complete, rep.Run.DurationMS, s.Pass, s.Fail, s.Inconclusive, s.Skipped, s.Accepted, f.changes, f.seq)
	return err
}

// resultSet finds the set among those that are stored, or writes it.
func (f *finisher) resultSet(set resultSet) (id int64, err error) {
	doc := set.pack()
	hash := sha256.Sum256(doc)
	err = f.tx.QueryRow("SELECT id FROM result_sets WHERE hash = ?", hash[:]).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		err = f.tx.QueryRow("INSERT INTO result_sets (hash, doc) VALUES (?, ?) RETURNING id", hash[:], doc).Scan(&id)
	}
	return id, err
}
