package sandbox

import (
	"net/http"
	"strings"
)

func ssmService() *controlService {
	return &controlService{
		name: "ssm", wire: awsJSON, denied: "AccessDeniedException", throttled: "ThrottlingException",
		operations: []operation{
			{name: "GetParameter", action: "ssm:GetParameter", on: parameterARN, answer: getParameter},
		},
	}
}

// text is a member of the request.
func (c *call) text(name string) string {
	s, _ := c.input[name].(string)
	return s
}

func parameterARN(c *call) string {
	name := c.text("Name")
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return c.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

func getParameter(c *call) (any, error) {
	for name, value := range c.model.ControlPlane.Parameters {
		arn := c.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
		if name != c.text("Name") && arn != c.text("Name") {
			continue
		}
		if decrypt, _ := c.input["WithDecryption"].(bool); !decrypt {
			value = "AQICAH" + made(40, value) // as it is stored
		}
		return object{"Parameter": object{
			"Name": name, "ARN": arn, "Type": "SecureString", "Value": value, "Version": 1, "DataType": "text", "LastModifiedDate": since,
		}}, nil
	}
	return nil, &failure{http.StatusBadRequest, "ParameterNotFound", ""}
}

func secretsManagerService() *controlService {
	return &controlService{
		name: "secretsmanager", wire: awsJSON, denied: "AccessDeniedException", throttled: "ThrottlingException",
		operations: []operation{
			{name: "GetSecretValue", action: "secretsmanager:GetSecretValue", on: secretARN, answer: getSecretValue},
		},
	}
}

func secretARN(c *call) string {
	id := c.text("SecretId")
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	if _, ok := c.model.ControlPlane.Secrets[id]; !ok {
		return c.arn("secretsmanager", "secret:"+id)
	}
	return c.arn("secretsmanager", "secret:"+id+"-"+made(6, "secret", id))
}

func getSecretValue(c *call) (any, error) {
	for name, value := range c.model.ControlPlane.Secrets {
		arn := c.arn("secretsmanager", "secret:"+name+"-"+made(6, "secret", name))
		if id := c.text("SecretId"); id != name && id != arn {
			continue
		}
		return object{"ARN": arn, "Name": name, "SecretString": value, "VersionId": made(32, "version", name), "VersionStages": list{"AWSCURRENT"}, "CreatedDate": since}, nil
	}
	return nil, &failure{http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret."}
}
