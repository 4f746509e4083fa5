package config

// Where says in which file and line an environment declares a route of an API; where it has none of that name, the API,
// and where it has no such API, the environment itself.
func (f *File) Where(environment, api, route string) (file string, line int) {
	n := f.top.field("environments").member(environment)
	at := n.nameAt
	for _, entry := range items(n.field("apis")) {
		if name, _ := apiName(entry); dataOf[string](name) != api {
			continue
		}
		at = entry.at
		shared := f.top.field("apis").field(dataOf[string](entry.field("from")))
		for _, r := range items(layers{entry, shared}.find("routes")) {
			if line := r.field("request"); dataOf[request](line).String() == route {
				at = line.at
			}
		}
	}
	return at.file, at.line
}
